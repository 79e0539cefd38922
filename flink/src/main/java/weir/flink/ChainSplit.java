package weir.flink;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** A source's split: an element (docs/formats/flink_host.md) that only the chain can read. */
final class ChainSplit implements SourceSplit {
  private static final int NEVER_READ = 0;

  final byte[] element;

  ChainSplit(byte[] element) {
    this.element = element;
  }

  /**
   * True if it is part of a reader's state; false for a split of the plan that has never been read.
   */
  boolean isState() {
    return element.length > 0 && element[0] != NEVER_READ;
  }

  @Override
  public String splitId() {
    return UUID.nameUUIDFromBytes(element).toString();
  }

  /** Serializes the element unchanged. */
  static final class Serializer implements SimpleVersionedSerializer<ChainSplit> {
    @Override
    public int getVersion() {
      return 1;
    }

    @Override
    public byte[] serialize(ChainSplit split) {
      return split.element;
    }

    @Override
    public ChainSplit deserialize(int version, byte[] bytes) {
      return new ChainSplit(bytes);
    }
  }

  /** The enumerator's state: i32 n, (i32 length, element) × n. */
  static final class ListSerializer implements SimpleVersionedSerializer<List<ChainSplit>> {
    @Override
    public int getVersion() {
      return 1;
    }

    @Override
    public byte[] serialize(List<ChainSplit> splits) throws IOException {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      DataOutputStream out = new DataOutputStream(bytes);
      out.writeInt(splits.size());
      for (ChainSplit split : splits) {
        out.writeInt(split.element.length);
        out.write(split.element);
      }
      return bytes.toByteArray();
    }

    @Override
    public List<ChainSplit> deserialize(int version, byte[] bytes) throws IOException {
      DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
      List<ChainSplit> splits = new ArrayList<>();
      for (int n = in.readInt(); n > 0; n--) {
        byte[] element = new byte[in.readInt()];
        in.readFully(element);
        splits.add(new ChainSplit(element));
      }
      return splits;
    }
  }
}
