import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CreateFlag;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * hdfs_copy.cc by Hadoop's own client, in one JVM that has been warmed up. Blocks are synced when
 * they end, as weir's are, except for "write-unsynced". Usage: HdfsCopy URI MEGABYTES FILES
 */
public final class HdfsCopy {
  private static final int PIECE = 1 << 20;
  private static final FsPermission PERMISSION = new FsPermission((short) 0640);

  private interface Work {
    void run() throws Exception;
  }

  private static FSDataOutputStream create(FileSystem fs, Path path, boolean sync)
      throws Exception {
    EnumSet<CreateFlag> flags = EnumSet.of(CreateFlag.CREATE, CreateFlag.OVERWRITE);
    if (sync) {
      flags.add(CreateFlag.SYNC_BLOCK);
    }
    short replication = fs.getDefaultReplication(path);
    return fs.create(
        path, PERMISSION, flags, 4096, replication, fs.getDefaultBlockSize(path), null);
  }

  private static void write(FileSystem fs, Path path, int pieces, byte[] piece, boolean sync)
      throws Exception {
    try (FSDataOutputStream out = create(fs, path, sync)) {
      for (int i = 0; i < pieces; i++) {
        out.write(piece);
      }
    }
  }

  private static void read(FileSystem fs, Path path, long expected) throws Exception {
    byte[] part = new byte[PIECE];
    long length = 0;
    try (InputStream in = fs.open(path)) {
      for (int got = in.read(part); got >= 0; got = in.read(part)) {
        length += got;
      }
    }
    if (length != expected) {
      throw new IllegalStateException(path + " has " + length + " bytes");
    }
  }

  private static double processorSeconds() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
            .getProcessCpuTime()
        / 1e9;
  }

  private static void measure(String name, Work work) throws Exception {
    double processor = processorSeconds();
    long begin = System.nanoTime();
    work.run();
    double seconds = (System.nanoTime() - begin) / 1e9;
    System.out.printf("%s %.4f %.3f%n", name, seconds, processorSeconds() - processor);
  }

  private static void measureEach(String name, int count, Work work) throws Exception {
    double[] times = new double[count];
    for (int i = 0; i < count; i++) {
      long begin = System.nanoTime();
      work.run();
      times[i] = (System.nanoTime() - begin) / 1e9;
    }
    Arrays.sort(times);
    System.out.printf("%s %.4f %.4f%n", name, times[count / 2], times[count * 99 / 100]);
  }

  public static void main(String[] arguments) throws Exception {
    Path directory = new Path(arguments[0]);
    int megabytes = Integer.parseInt(arguments[1]);
    int files = Integer.parseInt(arguments[2]);
    FileSystem fs = directory.getFileSystem(new Configuration());
    Path large = new Path(directory, "large-java");
    Path small = new Path(directory, "small-java");
    byte[] piece = new byte[PIECE];
    new Random(1).nextBytes(piece);
    write(fs, large, 128, piece, true);
    read(fs, large, 128L << 20);

    measure("write", () -> write(fs, large, megabytes, piece, true));
    measure("read", () -> read(fs, large, (long) megabytes << 20));
    measure("write-unsynced", () -> write(fs, large, megabytes, piece, false));
    measureEach("small", files, () -> write(fs, small, 1, piece, true));
    byte[] page = Arrays.copyOf(piece, 4096);
    measureEach("page", files, () -> write4096(fs, small, page));
    try (FSDataOutputStream out = create(fs, small, false)) {
      measureEach(
          "hsync",
          files,
          () -> {
            out.write(page);
            out.hsync();
          });
    }
  }

  private static void write4096(FileSystem fs, Path path, byte[] page) throws Exception {
    try (FSDataOutputStream out = create(fs, path, true)) {
      out.write(page);
    }
  }
}
