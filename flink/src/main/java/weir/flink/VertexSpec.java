package weir.flink;

import java.io.Serializable;
import java.util.List;

/**
 * The part of the plan that a task needs to start the chain's process. Set once, by {@link Plan}.
 */
final class VertexSpec implements Serializable {
  private static final long serialVersionUID = 1;

  // Of the job.
  byte[] fingerprint;
  int build;
  String arch;
  String executable;
  String loader; // null: the executable is started directly
  List<String> libraries;
  List<String> arguments;
  boolean beginsFromSnapshot; // a fresh start reads the weir snapshot named in the arguments

  // Of the vertex.
  int index;
  String name;
  String uid;
  int parallelism; // 0: the job's
  int maxParallelism;
  boolean source;
  boolean bounded;
  boolean makesEventTime; // instead of that of its input
  Long bufferTimeout; // of its output, ms; null: the job's
  boolean keyed; // follows hash edges
  boolean checkpoints; // the job takes checkpoints
  boolean sends; // its output leaves the task

  /** A task's name in logs and failures. */
  String title(int subtask, int subtasks) {
    return name + " (" + (subtask + 1) + "/" + subtasks + ")";
  }
}
