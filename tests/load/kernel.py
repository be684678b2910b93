"""The kernel's memory for connections. Only Linux reports it, and most of it only to root."""

import pathlib
import resource

# The caches for a socket, its descriptor, and its entry in an event loop.
CACHES = {
    "TCP", "sock_inode_cache", "filp", "dentry", "eventpoll_epi", "eventpoll_pwq", "tcp_bind_bucket", "tcp_bind2_bucket",
    "request_sock_TCP", "tw_sock_TCP", "skbuff_head_cache", "skbuff_small_head",
}  # fmt: skip


def socket_memory():
    """Returns the bytes in use for this machine's TCP sockets: their buffers, and their structures if we may know."""
    in_use = 0
    for line in pathlib.Path("/proc/net/sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            in_use += int(line.split()[-1]) * resource.getpagesize()
    try:
        lines = pathlib.Path("/proc/slabinfo").read_text().splitlines()
    except PermissionError:
        return in_use
    for line in lines:
        name, active, _, size, *_ = line.split()
        if name in CACHES:
            in_use += int(active) * int(size)
    return in_use
