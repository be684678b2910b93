import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** As much of Protobuf as the test cases need: writes fields, and reads them. */
final class Wire {
  private static final int VARINT = 0;
  private static final int BYTES = 2;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  Wire number(int field, int value) {
    varint(field << 3 | VARINT);
    varint(value);
    return this;
  }

  Wire bytes(int field, byte[] value) {
    varint(field << 3 | BYTES);
    varint(value.length);
    out.writeBytes(value);
    return this;
  }

  Wire text(int field, String value) {
    return bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  private void varint(int value) {
    for (; (value & ~0x7f) != 0; value >>>= 7) out.write(value & 0x7f | 0x80);
    out.write(value);
  }

  byte[] toBytes() {
    return out.toByteArray();
  }

  /** Returns the value of a field that is a number, or 0. */
  static int number(byte[] message, int field) {
    Reader reader = new Reader(message);
    while (reader.next()) if (reader.field == field) return reader.number;
    return 0;
  }

  /** Returns the value of a field that is bytes, or none. */
  static byte[] bytes(byte[] message, int field) {
    List<byte[]> all = all(message, field);
    return all.isEmpty() ? new byte[0] : all.get(0);
  }

  /** Returns all values of a field that is bytes. */
  static List<byte[]> all(byte[] message, int field) {
    List<byte[]> all = new ArrayList<>();
    Reader reader = new Reader(message);
    while (reader.next()) if (reader.field == field) all.add(reader.bytes);
    return all;
  }

  private static final class Reader {
    private final byte[] message;
    private int at;
    int field;
    int number;
    byte[] bytes;

    Reader(byte[] message) {
      this.message = message;
    }

    boolean next() {
      if (at == message.length) return false;
      int tag = varint();
      field = tag >>> 3;
      number = varint();
      if ((tag & 7) == BYTES) {
        bytes = new byte[number];
        System.arraycopy(message, at, bytes, 0, number);
        at += number;
      }
      return true;
    }

    private int varint() {
      int value = 0;
      for (int shift = 0; ; shift += 7) {
        byte next = message[at++];
        value |= (next & 0x7f) << shift;
        if (next >= 0) return value;
      }
    }
  }
}
