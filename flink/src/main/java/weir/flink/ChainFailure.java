package weir.flink;

/**
 * A chain cannot go on, or cannot begin. The message is a sentence for people; it fails the task.
 */
final class ChainFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  ChainFailure(String sentence) {
    super(sentence);
  }

  ChainFailure(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
