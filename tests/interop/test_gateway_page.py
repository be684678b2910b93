"""The gateway's page in a browser, at two widths and in both colour schemes: each control is used, and what it shows is read."""

import base64
import itertools

import pytest

import chromium
import programs

# What Chromium speaks without TLS, and with it.
VERSIONS = {"http1": "HTTP/1.1", "http2": "HTTP/2"}
WIDTHS = {"narrow": (360, 800), "wide": (1440, 1000)}
SCHEMES = ["light", "dark"]

# The close codes are those of RFC 6455 §7.4.1: 1007 for what is not UTF-8, 1009 for what is too long, 1002 for the rest.
BROKEN = {
    "utf8": 1007, "reserved-bits": 1002, "reserved-opcode": 1002, "unmasked": 1002, "lying-length": 1002, "long-length": 1002,
    "huge": 1009, "continuation": 1002, "interleaved": 1002, "fragmented-ping": 1002, "long-ping": 1002, "close-code": 1002,
    "half-close-code": 1002, "close-reason": 1007,
}  # fmt: skip

# What the bodies below share.
HELP = """
    const $ = (selector) => document.querySelector(selector);
    const all = (selector) => [...document.querySelectorAll(selector)];
    const until = async (what, holds) => {
        for (let left = 400; ; left -= 1) {
            const value = holds();
            if (value) return value;
            if (left === 0) throw new Error(`not within 20 s: ${what}`);
            await new Promise((done) => setTimeout(done, 50));
        }
    };
    const state = (id) => $(`#${id} .state`).textContent;
    const lines = (id) => all(`#${id} .log li`).map((item) => item.textContent);
    const submit = (form, values) => {
        for (const [name, value] of Object.entries(values)) $(form).elements[name].value = value;
        $(form).requestSubmit();
    };
    const frames = (holds) => all('#wire .frames li').filter((item) => item.frame && holds(item.frame));
    const layer = (frame, protocol) => frame.layers.find((each) => each.protocol === protocol);
    const names = (frame) => frame.layers.map((each) => each.protocol);
    const fact = (each, name) => each.facts.find(([of]) => of.toLowerCase() === name)?.[1];
    const told = (what, holds) => until(what, () => frames(holds)[0]);
"""


# The gate takes each width, scheme and version of HTTP once, because these checks take long. A whole run takes all eight.
GATE = [("narrow", "dark", "http1"), ("wide", "light", "http2")]
PAGES = [
    pytest.param(each, id="-".join(each), marks=[] if each in GATE else pytest.mark.waits)
    for each in itertools.product(WIDTHS, SCHEMES, VERSIONS)
]


@pytest.fixture(scope="module", params=PAGES)
def page(request):
    width, scheme, version = request.param
    secure = version == "http2"
    address = request.getfixturevalue("tls_address" if secure else "address")
    with chromium.page(request.config.getoption("chromium"), *(["--ignore-certificate-errors"] if secure else [])) as page:
        page.call("Runtime.enable")
        page.call("Log.enable")
        w, h = WIDTHS[width]
        page.call("Emulation.setDeviceMetricsOverride", width=w, height=h, deviceScaleFactor=1, mobile=False)
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        page.name = f"gateway-{width}-{scheme}-{version}"
        page.version = VERSIONS[version]
        page.open(f"{'https' if secure else 'http'}://{address}/")
        page.run(HELP + "await until('all is open', () => all('.state.open').length === 6);")
        yield page
        if directory := request.config.getoption("screenshots"):
            height = page.run("return document.documentElement.scrollHeight")
            clip = {"x": 0, "y": 0, "width": w, "height": height, "scale": 1}
            shot = page.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
            (directory / f"{page.name}.png").write_bytes(base64.b64decode(shot["data"]))
        assert complaints(page) == []


def complaints(page):
    """What the browser has complained about: errors that nothing caught, and what the page's policy forbids."""
    page.run("")
    kinds = ("Runtime.exceptionThrown", "Log.entryAdded")
    found = [event["params"] for event in page._events if event.get("method") in kinds]
    # The document that SockJS prescribes for iframes sets its domain, for browsers that still need it.
    return [each for each in found if "document.domain" not in each.get("entry", {}).get("text", "")]


def test_an_echo_is_on_the_wire_with_every_field_of_its_header(page):
    body = HELP + """
        submit('#echo form', { text: args[0] });
        await until('it came back', () => lines('echo').includes(`← ${args[0]}`));
        const sent = await told('it was told', (f) => f.dir === 'in' && f.path === '/ws/echo' && f.text === args[0]);
        sent.firstChild.click();
        const block = all('#wire .layer').find((each) => each.textContent.startsWith('WebSocket text'));
        const fields = [...block.querySelectorAll('.fields dt')].map((item) => item.textContent);
        const hex = [...block.querySelectorAll('.hex span:not(.payload)')].map((item) => item.textContent.split(' ').length);
        const pre = $('#wire pre').textContent;
        const got = await told('its echo too', (f) => f.dir === 'out' && f.path === '/ws/echo' && f.text === args[0]);
        const [frame, message] = got.frame.layers.filter((each) => each.protocol === 'WebSocket');
        return [fields, hex, pre, frame.fields.length, frame.title, message.payload.len, fact(message, 'compressed')];
    """
    text = "Grüße, as often as not. " * 9
    fields, lengths, shown, of_echo, title, inflated, compressed = page.run(body, text)
    assert fields == ["flags", "length", "masking key"]
    assert lengths == [1, 1, 4]
    assert shown == text and of_echo == 2
    # Both sizes are told: on the wire, and inflated.
    assert title.endswith("compressed") and inflated == len(text.encode())
    assert compressed.endswith(f"% of {inflated}")


def test_what_is_below_the_frames_is_on_the_wire_too(page):
    """A head with its fields; over HTTP/2 also what is about the connection, and WebSocket on a stream (RFC 8441)."""
    body = HELP + """
        document.cookie = 'secret=letmein';
        await (await fetch(`/break?${$('#wire').dataset.query}`)).text();
        const head = await told('the head was told', (f) => f.dir === 'in' && f.path === '/break');
        const [outer] = head.frame.layers;
        const everything = JSON.stringify(frames(() => true).map((item) => item.frame));
        submit('#echo form', { text: 'below' });
        const echoed = await told('its echo', (f) => f.dir === 'out' && f.text.includes('below'));
        const settings = frames((f) => f.layers[0].title.startsWith('SETTINGS')).map((item) => item.frame.layers[0]);
        return [outer.protocol, fact(outer, 'cookie'), everything.includes('letmein'), names(echoed.frame)[0],
            settings.flatMap((each) => each.fields.map((field) => field.note)), fact(outer, ':path') ?? outer.title];
    """
    protocol, cookie, leaks, outermost, settings, target = page.run(body)
    assert protocol == page.version and cookie == "not shown, 14 bytes" and not leaks
    assert "/break?wire=…" in target
    if page.version == "HTTP/2":
        assert outermost == "HTTP/2"
        # The page came before its token, and yet the beginning of its connection is told.
        assert any(note.startswith("ENABLE_CONNECT_PROTOCOL = 1") for note in settings), settings
    else:
        assert outermost == "WebSocket" and settings == []


def test_requests_without_the_token_are_not_told(page):
    body = HELP + """
        await (await fetch('/sse/clock?every=50&for=2&silent')).text();
        submit('#echo form', { text: 'what comes after' });
        await told('what comes after is', (f) => f.text.includes('what comes after'));
        return JSON.stringify(frames(() => true).map((item) => item.frame)).includes('silent');
    """
    assert page.run(body) is False


def test_pages_are_told_only_what_is_theirs(page):
    """Over HTTP/2 both of them share a connection, as all tabs of a browser do."""
    body = HELP + """
        const other = Math.floor(Math.random() * 2 ** 50);
        const source = new EventSource(`/sse/wire?wire=${other}`);
        const heard = [];
        source.addEventListener('frame', (event) => heard.push(event.data));
        await new Promise((done) => source.addEventListener('open', done));
        await (await fetch(`/break?case=huge&wire=${other}`)).text();
        await until('it was told to whom it belongs', () => heard.some((frame) => frame.includes('case=huge')));
        submit('#echo form', { text: 'for one page' });
        await told('so was this', (f) => f.dir === 'out' && f.text === 'for one page');
        await (await fetch(`/break?case=utf8&wire=${other}`)).text();
        await until('and what came after', () => heard.some((frame) => frame.includes('case=utf8')));
        source.close();
        const own = frames(() => true).map((item) => JSON.stringify(item.frame));
        return [heard.some((frame) => frame.includes('for one page')), own.some((frame) => frame.includes('case='))];
    """
    assert page.run(body) == [False, False]


def test_bodies_are_told_by_their_protocols(page):
    """Polling and streams of the sessions, in both directions."""
    body = HELP + """
        const choose = async (value, protocol) => {
            $('#wire [data-do=clear]').click();
            $('#sessions [name=transport]').value = value;
            $('#sessions [name=transport]').dispatchEvent(new Event('change'));
            await until(`${value} is open`, () => state('sessions').startsWith('open:'));
            const text = `by ${value}`;
            submit('#sessions form', { text });
            await until('it came back', () => lines('sessions').some((line) => line.includes(text)));
            for (const dir of ['in', 'out']) {
                await told(`${value} ${dir}`, (f) => f.dir === dir && layer(f, protocol) && JSON.stringify(f).includes(text));
            }
        };
        await choose('Socket.IO polling', 'Socket.IO');
        for (const kind of ['websocket', 'xhr_streaming', 'eventsource', 'htmlfile', 'xhr', 'jsonp']) await choose(`SockJS ${kind}`, 'SockJS');
        await choose('Socket.IO websocket', 'Socket.IO');
        return names(frames((f) => layer(f, 'Socket.IO'))[0].frame);
    """
    expected = ["HTTP/2", "WebSocket", "Socket.IO"] if page.version == "HTTP/2" else ["WebSocket", "Socket.IO"]
    assert page.run(body) == expected


def test_hovering_a_field_marks_its_bytes_and_its_name(page):
    body = HELP + """
        frames((f) => f.layers[0].fields.length > 0)[0].firstChild.click();
        $('#wire .hex span').dispatchEvent(new Event('mouseenter'));
        const lit = all('#wire .lit').length;
        $('#wire .hex span').dispatchEvent(new Event('mouseleave'));
        return [lit, all('#wire .lit').length, $('#wire .hex span').title !== ''];
    """
    assert page.run(body) == [2, 0, True]


def test_compression_can_be_declined(page):
    body = HELP + """
        const box = $('#echo [name=deflate]');
        box.click();
        await until('it is open without', () => state('echo') === 'open');
        submit('#echo form', { text: 'plain' });
        const sent = await told('it was told', (f) => f.dir === 'in' && f.text === 'plain');
        box.click();
        await until('it is open with', () => state('echo') === 'open, compressed');
        return layer(sent.frame, 'WebSocket').title;
    """
    assert page.run(body) == "text, 5 bytes"


def test_a_mebibyte_comes_back(page):
    body = HELP + """
        $('#echo [data-do=binary]').click();
        await until('it came back', () => lines('echo').includes('← 1\\u202f049 kB, the same'));
    """
    page.run(body)


def test_a_close_has_the_code_and_the_reason_that_were_given(page):
    body = HELP + """
        submit('#echo [data-form=close]', { code: 4321, reason: 'enough' });
        await until('it closed', () => state('echo').startsWith('closed: 4321 enough'));
        await told('the frame was told', (f) => f.dir === 'in' && fact(f.layers.at(-1), 'code')?.startsWith('4321'));
        submit('#echo [data-form=close]', { code: 4321, reason: 'enough' });
        submit('#echo form', { text: 'again' });
        await until('it opened again', () => lines('echo').includes('← again'));
        submit('#echo [data-form=close]', { code: 1002, reason: '' });
        return lines('echo')[0];
    """
    assert page.run(body).startswith("Pages may close with 1000 or 3000 to 4999")


def test_ones_own_line_in_the_room_is_shown_once_with_a_name(page):
    body = HELP + """
        const text = `a line at ${performance.now()}`;
        $('#chat form').elements.name.value = 'ada';
        submit('#chat form', { text });
        await until('it is heard', () => lines('chat').some((line) => line.includes(text)));
        await until('it is heard in the session', () => lines('sessions').some((line) => line.includes(text)));
        return [lines('chat').filter((line) => line.includes(text)), `ada ${text}`];
    """
    heard, expected = page.run(body)
    assert heard == [expected]


def test_the_clock_goes_on_where_it_was_cut_off(page):
    body = HELP + """
        const [toggle, cut] = all('#clock button');
        toggle.click();
        const stopped = state('clock');
        cut.click();
        await until('it was cut off', () => state('clock').startsWith('cut off'));
        const before = lines('clock').length;
        await until('it came back', () => state('clock') === 'open' && lines('clock').length > before);
        const ticks = lines('clock').slice(0, 4).map((line) => +line.match(/tick (\\d+)/)[1]);
        cut.click();
        return [stopped, ticks];
    """
    stopped, ticks = page.run(body)
    assert stopped == "disconnected"
    assert ticks == list(range(ticks[0], ticks[0] - 4, -1)), "none is missing, none comes twice"


def test_tokens_come_in_order_and_can_be_stopped(page):
    body = HELP + """
        submit('#llm form', { count: 300 });
        await until('all came', () => state('llm').startsWith('300 tokens in'));
        const text = $('#llm .text');
        const newest = text.textContent.slice(-13);
        const fits = text.scrollHeight > text.clientHeight || text.clientHeight > 0;
        submit('#llm form', { count: 1000000 });
        await until('some came', () => $('#llm .state.busy'));
        $('#llm [data-do=stop]').click();
        await until('it stopped', () => state('llm').includes('stopped after'));
        return [newest, fits, $('#llm [data-do=stop]').disabled];
    """
    assert page.run(body) == ["word-00000300", True, True]


def test_a_call_ends_with_its_status(page):
    body = HELP + """
        submit('#grpc form', { text: 'five', count: 5 });
        await until('the status came', () => state('grpc') === 'grpc-status: 0');
        const trailers = await told('they were shown', (f) => f.layers.at(-1).title.startsWith('trailers'));
        const inner = trailers.frame.layers.at(-1);
        return [lines('grpc'), inner.fields.map((field) => [field.name, field.hex]), fact(inner, 'grpc-status')];
    """
    lines, fields, text = page.run(body)
    assert lines == ["← five"] * 5
    # PROTOCOL-WEB: the flags of trailers have their top bit set, and the length of `grpc-status: 0\r\n` follows.
    assert [name for name, _ in fields] == ["flags", "length"] and fields[0][1] == "80"
    assert text == "0"


def test_the_server_counts_calls_by_kind(page):
    body = HELP + """
        const unary = () => [...$('#calls tbody tr').cells].map((cell) => cell.textContent);
        const number = (text) => Number(text.replaceAll('\\u202f', ''));
        await until('the figures are there', () => $('#calls tbody tr'));
        const before = unary();
        $('#calls button').click();
        await until('all were made', () => state('calls') === '100 calls were made');
        await until('they were counted', () => number(unary()[1]) >= number(before[1]) + 100);
        const after = unary();
        return [after[0], number(after[2]) - number(before[2]), after.slice(4).map((time) => /^[\\d.]+ (µs|ms)$/.test(time))];
    """
    kind, messages, times = page.run(body)
    # A request and a reply for each.
    assert kind == "unary" and messages >= 200 and times == [True, True]


def test_each_panel_has_its_pace(page):
    body = HELP + """
        submit('#echo form', { text: 'how long?' });
        await until('it took a time', () => $('#echo .took').textContent.endsWith('ms'));
        await until('it has a rate', () => $('#clock polyline').getAttribute('points'));
        return all('.meter svg').map((svg) => svg.getAttribute('aria-label').includes('messages a second'));
    """
    assert page.run(body) == [True] * 7


def test_a_topic_sends_back_what_was_sent(page):
    body = HELP + """
        submit('#stomp form', { topic: '/topic/other', text: 'news' });
        await until('it came', () => lines('stomp').includes('← /topic/other: news'));
        await told('it was told', (f) => f.path === '/stomp' && f.dir === 'out' && layer(f, 'STOMP')?.title.startsWith('MESSAGE'));
    """
    page.run(body)


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_rule_has_its_close_code(page, case):
    body = HELP + """
        const before = $('#break .verdict').textContent;
        $(`[data-case=${args[0]}]`).click();
        await until('there is a verdict', () => $('#break .verdict strong') && $('#break .verdict').textContent !== before);
        const code = $('#break .verdict strong').textContent;
        await until('its frame is picked', () => $('#wire h3').textContent.startsWith('WebSocket close') && $('#wire .facts dd').textContent.startsWith(code));
        return [code, $('#break .verdict .section').textContent];
    """
    code, section = page.run(body, case)
    assert int(code) == BROKEN[case]
    assert section.startswith("RFC 6455 §")


def test_every_case_is_on_the_page(page):
    assert page.run("return [...document.querySelectorAll('[data-case]')].map((button) => button.dataset.case)") == list(BROKEN)


def test_the_wire_can_be_filtered_paused_and_cleared(page):
    body = HELP + """
        const [filter, pause, clear] = [$('#wire select'), $('#wire [data-do=pause]'), $('#wire [data-do=clear]')];
        const seen = () => new Set(frames(() => true).filter((item) => !item.hidden).map((item) => names(item.frame).includes('SSE')));
        filter.value = 'SSE';
        filter.dispatchEvent(new Event('change'));
        const filtered = [...seen()];
        filter.value = '';
        filter.dispatchEvent(new Event('change'));
        pause.click();
        clear.click();
        submit('#echo form', { text: 'unseen' });
        await until('it came back', () => lines('echo').includes('← unseen'));
        await new Promise((done) => setTimeout(done, 300));
        const paused = frames(() => true).length;
        pause.click();
        submit('#echo form', { text: 'seen' });
        await until('it was told', () => frames((f) => f.text === 'seen').length >= 2);
        return [filtered, paused];
    """
    assert page.run(body) == [[True], 0]


def test_the_figures_of_the_server_go_up(page):
    body = HELP + """
        const figure = (name) => Number($(`[data-figure=${name}]`).textContent.replaceAll('\\u202f', ''));
        const before = figure('messages');
        submit('#echo form', { text: 'one more' });
        await until('it was counted', () => figure('messages') > before);
        await until('there is a latency', () => $('[data-figure=latency]').textContent.endsWith('ms'));
        return [figure('connections') > 0, figure('events') > 0, $('#latency polyline').getAttribute('points') !== null];
    """
    assert page.run(body) == [True, True, True]


def test_every_control_has_a_name_and_is_reached_by_the_keyboard(page):
    body = HELP + """
        const controls = all('button, input, select');
        const nameless = controls.filter((control) =>
            !control.getAttribute('aria-label') && !control.textContent.trim() && !control.labels?.length);
        const unreachable = controls.filter((control) => control.tabIndex < 0);
        return [nameless, unreachable].map((list) => list.map((control) => control.outerHTML));
    """
    assert page.run(body) == [[], []]


def test_nothing_is_wider_than_the_screen(page):
    assert page.run("return document.documentElement.scrollWidth <= innerWidth") is True


def test_text_has_contrast(page):
    """At least 4.5 to 1, as WCAG 2.2 §1.4.3 has it, for every text on the page, in its own colours."""
    body = """
        const parse = (color) => color.match(/[\\d.]+/g).map(Number);
        const over = ([r, g, b, a = 1], below) => [r, g, b].map((c, i) => c * a + below[i] * (1 - a));
        const back = (element) => {
            if (!element) return [255, 255, 255];
            return over(parse(getComputedStyle(element).backgroundColor), back(element.parentElement));
        };
        const luminance = (rgb) => {
            const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const faint = {};
        let count = 0;
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;
            if (!walker.currentNode.textContent.trim() || element.closest('script, option, :disabled') || !element.checkVisibility()) continue;
            count += 1;
            const behind = back(element);
            const [light, dark] = [luminance(over(parse(getComputedStyle(element).color), behind)), luminance(behind)].sort((a, b) => b - a);
            const ratio = (light + 0.05) / (dark + 0.05);
            if (ratio < 4.5) faint[`${element.tagName}.${element.className}: ${walker.currentNode.textContent.slice(0, 20)}`] = ratio;
        }
        return [faint, count > 100];
    """
    assert page.run(body) == [{}, True]


def test_the_colours_can_be_chosen(page):
    body = HELP + """
        const button = $('#theme');
        const seen = [];
        for (let i = 0; i < 3; i += 1) {
            button.click();
            seen.push([button.textContent, getComputedStyle(document.body).backgroundColor]);
        }
        return seen;
    """
    (light, pale), (dark, deep), (auto, _) = page.run(body)
    assert (light, dark, auto) == ("Light", "Dark", "Auto") and pale != deep


def test_a_command_can_be_copied(page):
    body = HELP + """
        const line = $('#echo .command');
        line.querySelector('button').click();
        await until('it says so', () => line.querySelector('button').textContent !== 'Copy');
        return line.querySelector('code').textContent === `websocat ${location.origin.replace('http', 'ws')}/ws/echo`;
    """
    assert page.run(body) is True


def test_the_page_outlives_its_server(request, gateway_path):
    """It says that the server is away, throws nothing, and goes on when the server is back."""
    with chromium.page(request.config.getoption("chromium")) as page:
        page.call("Runtime.enable")
        with programs.gateway(gateway_path) as server:
            address = server.address
            page.open(f"http://{address}/")
            page.run(HELP + "await until('all is open', () => all('.state.open').length === 6);")
        body = HELP + """
            await until('it is noticed', () => state('server').startsWith('the server is away'));
            await until('each says so', () => ['echo', 'chat', 'stomp', 'sessions'].every((id) => state(id).includes('again in')));
            submit('#grpc form', { text: 'nobody', count: 1 });
            submit('#llm form', { count: 1 });
            $('[data-case=utf8]').click();
            for (const id of ['grpc', 'llm', 'break']) await until(id, () => state(id) === 'the server is away');
        """
        page.run(body)
        with programs.gateway(gateway_path, "--listen", address):
            page.run(HELP + "await until('all is open again', () => all('.state.open').length === 6);")
        page.run("")
        assert [event["params"] for event in page._events if event.get("method") == "Runtime.exceptionThrown"] == []
