package weir.flink;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/** The plan in the job's jar (docs/formats/flink_host.md): the job that Flink should run. */
final class Plan {
  static final String RESOURCE = "weir/plan.json";
  private static final int FORMAT = 1;

  static final class Edge {
    int number;
    int from;
    int to;
    String partitioning;
    boolean leavesTask; // false after a forward edge that is the consumer's only input
  }

  String name;
  int parallelism; // 0: not set
  final Map<String, String> settings = new LinkedHashMap<>();
  final List<VertexSpec> vertices = new ArrayList<>();
  final List<List<byte[]>> splits = new ArrayList<>(); // by vertex; elements
  final List<Edge> edges = new ArrayList<>();

  List<Edge> into(int vertex) {
    List<Edge> found = new ArrayList<>();
    edges.stream().filter(edge -> edge.to == vertex).forEach(found::add);
    return found;
  }

  List<Edge> outOf(int vertex) {
    List<Edge> found = new ArrayList<>();
    edges.stream().filter(edge -> edge.from == vertex).forEach(found::add);
    return found;
  }

  static Plan fromJar(ClassLoader loader) throws IOException {
    try (InputStream stream = loader.getResourceAsStream(RESOURCE)) {
      if (stream == null) {
        throw new ChainFailure(
            "the jar has no "
                + RESOURCE
                + ": have the job's executable write it (--target flink --jar-out FILE)");
      }
      return parse(stream.readAllBytes());
    }
  }

  static Plan parse(byte[] json) throws IOException {
    JsonNode root = new ObjectMapper().readTree(json);
    int format = root.path("format").asInt(-1);
    if (format != FORMAT) {
      throw new ChainFailure(
          "the plan in the jar has format "
              + format
              + " and this bridge reads format "
              + FORMAT
              + ": write the jar with the weir-flink.jar of the same version as the job");
    }
    Plan plan = new Plan();
    plan.name = root.get("name").asText();
    plan.parallelism = root.path("parallelism").asInt(1);
    root.path("settings")
        .fields()
        .forEachRemaining(entry -> plan.settings.put(entry.getKey(), entry.getValue().asText()));
    for (JsonNode node : root.get("vertices")) {
      plan.vertices.add(vertex(root, node, plan.vertices.size()));
      List<byte[]> elements = new ArrayList<>();
      node.path("splits")
          .forEach(split -> elements.add(Base64.getDecoder().decode(split.asText())));
      plan.splits.add(elements);
    }
    for (JsonNode node : root.get("edges")) {
      Edge edge = new Edge();
      edge.number = plan.edges.size();
      edge.from = node.get("from").asInt();
      edge.to = node.get("to").asInt();
      edge.partitioning = node.get("partitioning").asText();
      plan.edges.add(edge);
    }
    for (VertexSpec vertex : plan.vertices) {
      List<Edge> into = plan.into(vertex.index);
      vertex.keyed = into.stream().anyMatch(edge -> edge.partitioning.equals("hash"));
      into.forEach(
          edge -> edge.leavesTask = into.size() > 1 || !edge.partitioning.equals("forward"));
    }
    for (VertexSpec vertex : plan.vertices) {
      List<Edge> out = plan.outOf(vertex.index);
      vertex.sends = out.size() == 1 && out.get(0).leavesTask;
    }
    return plan;
  }

  private static VertexSpec vertex(JsonNode root, JsonNode node, int index) {
    VertexSpec vertex = new VertexSpec();
    vertex.fingerprint = hex(root.get("fingerprint").asText());
    vertex.build = (int) root.get("build").asLong();
    vertex.arch = root.path("arch").asText("");
    vertex.executable = root.get("executable").asText();
    String loader = root.path("loader").asText("");
    vertex.loader = loader.isEmpty() || loader.equals("null") ? null : loader;
    vertex.libraries = texts(root.path("libraries"));
    vertex.arguments = texts(root.path("arguments"));
    vertex.beginsFromSnapshot =
        vertex.arguments.stream()
            .anyMatch(argument -> argument.matches("(-D)?weir\\.flink\\.from=.+"));
    vertex.index = index;
    vertex.name = node.get("name").asText();
    vertex.uid = node.path("uid").asText("");
    vertex.parallelism = node.path("parallelism").asInt(0);
    vertex.maxParallelism = node.path("max_parallelism").asInt(128);
    vertex.source = node.path("source").asBoolean(false);
    vertex.bounded = node.path("bounded").asBoolean(false);
    if (node.has("buffer_timeout")) {
      vertex.bufferTimeout = node.get("buffer_timeout").asLong();
    }
    vertex.makesEventTime = node.path("makes_event_time").asBoolean(false);
    return vertex;
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(node -> texts.add(node.asText()));
    return texts;
  }

  private static byte[] hex(String text) {
    byte[] bytes = new byte[text.length() / 2];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) Integer.parseInt(text.substring(2 * i, 2 * i + 2), 16);
    }
    return bytes;
  }
}
