package weir.flink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.apache.flink.configuration.Configuration;
import org.junit.jupiter.api.Test;

class PlanTest {
  private static final String HEAD =
      "{'format': 1, 'weir': '0.1.0', 'name': 'flights', 'job': '00', 'fingerprint':"
          + " '000102030405060708090a0b0c0d0e0f', 'build': 4294967295, 'arch': 'amd64',"
          + " 'executable': 'weir/native/flights', 'loader': null, 'libraries':"
          + " ['weir/native/a.so'], 'arguments': ['-D', 'weir.flink.from=/s/chk-3'], 'parallelism':"
          + " 2, 'settings': {'execution.checkpointing.interval': '1 s', 'state.backend.type':"
          + " 'rocksdb'}, 'vertices': [{'name': 'Source: f', 'uid': 'f', 'parallelism': 1,"
          + " 'max_parallelism': 64, 'source': true, 'buffer_timeout': -1, 'bounded': true,"
          + " 'splits': ['AAE=']}, {'name':"
          + " 'count', 'uid': 'count', 'parallelism': 0, 'max_parallelism': 128, 'source': false}],"
          + " ";

  private static Plan parse(String json) throws Exception {
    return Plan.parse(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void isReadAsItStands() throws Exception {
    Plan plan = parse(HEAD + "'edges': [{'from': 0, 'to': 1, 'partitioning': 'hash'}]}");
    VertexSpec source = plan.vertices.get(0);
    VertexSpec count = plan.vertices.get(1);
    assertEquals("flights", plan.name);
    assertEquals(2, plan.parallelism);
    assertEquals(15, source.fingerprint[15]);
    assertEquals(-1, source.build);
    assertNull(source.loader);
    assertTrue(source.source && source.bounded && source.beginsFromSnapshot);
    assertEquals(64, source.maxParallelism);
    assertArrayEquals(new byte[] {0, 1}, plan.splits.get(0).get(0));
    assertEquals(-1L, source.bufferTimeout);
    assertNull(count.bufferTimeout);
    assertFalse(source.keyed);
    assertTrue(count.keyed);
    assertEquals(0, count.parallelism);
    assertEquals("hash", plan.into(1).get(0).partitioning);
    assertEquals(1, plan.outOf(0).size());
  }

  @Test
  void oneKeyedInputMakesAChainKeyed() throws Exception {
    Plan plan =
        parse(
            HEAD
                + "'edges': [{'from': 0, 'to': 1, 'partitioning': 'broadcast'}, {'from': 0,"
                + " 'to': 1, 'partitioning': 'hash'}]}");
    assertTrue(plan.vertices.get(1).keyed);
    assertTrue(plan.into(1).get(0).leavesTask);
  }

  @Test
  void anotherFormatIsRefused() {
    assertThrows(ChainFailure.class, () -> parse("{'format': 2}"));
  }

  @Test
  void whatTheBridgeDependsOnIsPinned() throws Exception {
    Configuration configuration = JobMain.configuration(parse(HEAD + "'edges': []}"));
    assertEquals("1 s", configuration.toMap().get("execution.checkpointing.interval"));
    assertEquals("hashmap", configuration.toMap().get("state.backend.type"));
    assertEquals("true", configuration.toMap().get("pipeline.object-reuse"));
  }

  @Test
  void onlyKnownVersionsOfFlinkAndArgumentsAreTaken() {
    JobMain.checkVersion("1.20.3");
    JobMain.checkVersion("2.3.0");
    assertThrows(ChainFailure.class, () -> JobMain.checkVersion("1.19.1"));
    assertThrows(ChainFailure.class, () -> JobMain.checkVersion("3.0.0"));
    assertEquals(2, JobMain.parallelism(new String[0], 2));
    assertEquals(5, JobMain.parallelism(new String[] {"--parallelism", "5"}, 2));
    assertThrows(
        ChainFailure.class, () -> JobMain.parallelism(new String[] {"--parallelism", "0"}, 2));
    assertThrows(ChainFailure.class, () -> JobMain.parallelism(new String[] {"--input", "x"}, 2));
  }
}
