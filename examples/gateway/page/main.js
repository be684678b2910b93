// The page: its panels, and the wire that shows what they do.

import { breakIt } from "./breakit.js";
import { clock, tokens } from "./events.js";
import { calls, grpc, showCalls } from "./grpc.js";
import { startMeters } from "./meter.js";
import { commands, theme } from "./parts.js";
import { figures, latency } from "./plot.js";
import { sessions } from "./sessions.js";
import { chat, echo } from "./sockets.js";
import { stomp } from "./stomp.js";
import { listen } from "./wire.js";

theme();
commands();
for (const panel of [echo, chat, stomp, sessions, clock, tokens, grpc, calls, breakIt]) panel();
listen(now => { figures(now); showCalls(now.grpc); });
startMeters();
latency();
