package weir.flink;

/** A chain cannot start or continue. The message is a sentence for users; it fails the task. */
final class ChainFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  ChainFailure(String sentence) {
    super(sentence);
  }

  ChainFailure(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
