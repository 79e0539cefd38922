import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A file of cases. A case is a line "case NAME" and the lines up to the next empty one: its steps,
 * and below each step, after '>', what Flink emits.
 */
final class CaseFile {
  interface Runner {
    /** Runs one case in Flink, and returns its steps with the results. */
    List<String> run(String name, List<String> steps) throws Exception;
  }

  private CaseFile() {}

  /** Writes the results into the file; with --check, ends with 1 if they are others. */
  static void fill(String[] arguments, Runner runner) throws Exception {
    Path file = Path.of(arguments[0]);
    boolean check = arguments.length > 1 && arguments[1].equals("--check");
    List<String> before = Files.readAllLines(file);
    List<String> after = new ArrayList<>();
    for (int i = 0; i < before.size(); ) {
      String line = before.get(i++);
      after.add(line);
      if (!line.startsWith("case ")) continue;
      List<String> steps = new ArrayList<>();
      for (; i < before.size() && !before.get(i).isEmpty(); ++i)
        if (!before.get(i).startsWith(">")) steps.add(before.get(i));
      try {
        after.addAll(runner.run(line.substring(5), steps));
      } catch (Exception e) {
        throw new IllegalStateException("in " + line, e);
      }
    }
    if (check && !before.equals(after)) {
      System.err.println("Flink emits something else than " + file + " says");
      System.exit(1);
    }
    if (!check) Files.write(file, after);
  }
}
