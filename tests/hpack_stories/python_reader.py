"""Reads blocks that our encoder wrote, as `examples/encoded.rs` prints them, with the package `hpack`."""

import sys

from hpack import Decoder


def main():
    decoder, expected, blocks = None, [], 0
    for number, line in enumerate(sys.stdin, 1):
        kind, *values = line.rstrip("\n").split(" ")
        if kind != "field" and expected:
            sys.exit(f"line {number}: a field is missing before it")
        if kind == "connection":
            decoder = Decoder(max_header_list_size=1 << 20)
        elif kind == "limit":
            decoder.max_allowed_table_size = int(values[0])
        elif kind == "block":
            # What is left of it is what the lines that follow have to name.
            fields = decoder.decode(bytes.fromhex(values[0]), raw=True)
            expected = [(bytes(name), bytes(value)) for name, value in fields]
            blocks += 1
        else:
            name, value = map(bytes.fromhex, values)
            if not expected or expected.pop(0) != (name, value):
                sys.exit(f"line {number}: not the field that was decoded")
    if expected or not blocks:
        sys.exit("a field is missing at the end")
    print(f"hpack reads {blocks} blocks")


if __name__ == "__main__":
    main()
