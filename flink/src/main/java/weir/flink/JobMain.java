package weir.flink;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.transformations.OneInputTransformation;

/**
 * The entry point of a job's jar: builds Flink's graph from the plan in the jar. Runs where Flink
 * accepts jobs; the job's own code does not run here.
 *
 * <p>The one argument is {@code --parallelism N}, which overrides the plan's. Without both, the
 * parallelism is the one that Flink runs the job with.
 */
public final class JobMain {
  private static final PrimitiveArrayTypeInfo<byte[]> FRAMES =
      PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO;

  private final StreamExecutionEnvironment environment;
  private final Plan plan;
  // By vertex; null: not yet.
  private final List<SingleOutputStreamOperator<byte[]>> built = new ArrayList<>();

  public static void main(String[] arguments) throws Exception {
    checkVersion(EnvironmentInformation.getVersion());
    Plan plan = Plan.fromJar(JobMain.class.getClassLoader());
    plan.parallelism = parallelism(arguments, plan.parallelism);
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration(plan));
    new JobMain(environment, plan).build();
    environment.execute(plan.name);
  }

  static void checkVersion(String version) {
    if (!version.startsWith("1.20") && !version.startsWith("2.")) {
      throw new ChainFailure(
          "this is Flink "
              + version
              + ", and weir's jobs run in Flink 1.20 and 2.x: use a cluster of one of these");
    }
  }

  static int parallelism(String[] arguments, int planned) {
    if (arguments.length == 0) {
      return planned;
    }
    if (arguments.length == 2
        && arguments[0].equals("--parallelism")
        && arguments[1].matches("[1-9][0-9]{0,4}")) {
      return Integer.parseInt(arguments[1]);
    }
    throw new ChainFailure(
        "the job's jar takes no arguments but --parallelism N, and got: "
            + String.join(" ", arguments)
            + "; the job's own are given to its executable when it writes the jar");
  }

  static Configuration configuration(Plan plan) {
    Configuration configuration = new Configuration();
    plan.settings.forEach(configuration::setString);
    configuration.setString("pipeline.object-reuse", "true");
    configuration.setString("execution.runtime-mode", "STREAMING");
    // Sinks commit when the final checkpoint is complete.
    configuration.setString("execution.checkpointing.checkpoints-after-tasks-finish", "true");
    // Other backends would write their timers into the raw keyed state, where the chains' state is.
    configuration.setString("state.backend.type", "hashmap");
    return configuration;
  }

  private JobMain(StreamExecutionEnvironment environment, Plan plan) {
    this.environment = environment;
    this.plan = plan;
  }

  private void build() {
    if (plan.parallelism > 0) {
      environment.setParallelism(plan.parallelism);
    }
    for (VertexSpec vertex : plan.vertices) {
      vertex.checkpoints = environment.getCheckpointConfig().isCheckpointingEnabled();
      built.add(null);
    }
    for (int vertex = 0; vertex < plan.vertices.size(); vertex++) {
      stream(vertex);
    }
  }

  private SingleOutputStreamOperator<byte[]> stream(int vertex) {
    if (built.get(vertex) == null) {
      VertexSpec spec = plan.vertices.get(vertex);
      SingleOutputStreamOperator<byte[]> stream =
          spec.source
              ? environment.fromSource(
                  new ChainSource(spec, plan.splits.get(vertex)),
                  WatermarkStrategy.noWatermarks(),
                  spec.name.replaceFirst("^Source: ", ""),
                  FRAMES) // Flink adds the prefix itself
              : chain(spec);
      built.set(vertex, place(stream, spec, spec.uid));
    }
    return built.get(vertex);
  }

  private SingleOutputStreamOperator<byte[]> chain(VertexSpec spec) {
    DataStream<byte[]> inputs = null;
    for (Plan.Edge edge : plan.into(spec.index)) {
      DataStream<byte[]> input = output(edge);
      inputs = inputs == null ? input : inputs.union(input);
    }
    if (inputs == null) {
      throw new ChainFailure(
          "the chain \"" + spec.name + "\" of the plan is no source and has no input");
    }
    SingleOutputStreamOperator<byte[]> chain =
        inputs.transform(spec.name, FRAMES, new ChainOperatorFactory(spec));
    if (spec.keyed) {
      // Flink gives an operator its key groups only if it has a key selector, which the union of
      // keyed streams has not.
      OneInputTransformation<byte[], byte[]> operator =
          (OneInputTransformation<byte[], byte[]>) chain.getTransformation();
      operator.setStateKeySelector(new FrameKeys(spec.maxParallelism));
      operator.setStateKeyType(Types.INT);
    }
    return chain;
  }

  /** The output along the edge, partitioned. */
  private DataStream<byte[]> output(Plan.Edge edge) {
    VertexSpec from = plan.vertices.get(edge.from);
    SingleOutputStreamOperator<byte[]> stream = stream(edge.from);
    if (plan.outOf(edge.from).size() > 1) {
      stream =
          place(
              stream
                  .filter(new EdgeFilter(edge.number, edge.leavesTask))
                  .name("to " + plan.vertices.get(edge.to).name),
              from,
              from.uid.isEmpty() ? "" : from.uid + " edge " + edge.number);
    }
    switch (edge.partitioning) {
      case "hash":
        return stream.keyBy(new FrameKeys(plan.vertices.get(edge.to).maxParallelism), Types.INT);
      case "forward":
        return stream.forward();
      case "rebalance":
        return stream.rebalance();
      case "broadcast":
        return stream.broadcast();
      case "rescale":
        return stream.rescale();
      case "shuffle":
        return stream.shuffle();
      case "global":
        return stream.global();
      default:
        throw new ChainFailure(
            "the plan has an edge with the unknown partitioning \"" + edge.partitioning + "\"");
    }
  }

  private static SingleOutputStreamOperator<byte[]> place(
      SingleOutputStreamOperator<byte[]> stream, VertexSpec spec, String uid) {
    if (!uid.isEmpty()) {
      stream.uid(uid);
    }
    if (spec.parallelism > 0) {
      stream.setParallelism(spec.parallelism);
    }
    if (spec.bufferTimeout != null) {
      stream.setBufferTimeout(spec.bufferTimeout);
    }
    return stream.setMaxParallelism(spec.maxParallelism);
  }
}
