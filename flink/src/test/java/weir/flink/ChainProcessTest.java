package weir.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class ChainProcessTest {
  private static void call(ChainProcess process, Call call) {
    process.call(new Request().begin(call), new Reply());
  }

  @Test
  void aCrashIsToldBySignalAndLastLines() {
    try (ChainProcess process = Fakes.process("crash")) {
      call(process, Call.OPEN);
      String message =
          assertThrows(ChainFailure.class, () -> call(process, Call.PROCESS)).getMessage();
      assertTrue(message.contains("was ended by signal 11 (SIGSEGV) during PROCESS"), message);
      assertTrue(message.contains("it cannot go on"), message);
      assertThrows(ChainFailure.class, () -> call(process, Call.TIMER));
    }
  }

  @Test
  void aRefusalIsTheChainsSentence() {
    try (ChainProcess process = Fakes.process("refuse")) {
      assertEquals(
          "fake (1/1): a sentence (invalid argument)",
          assertThrows(ChainFailure.class, () -> call(process, Call.OPEN)).getMessage());
    }
  }

  @Test
  void anInterruptEndsAChainThatHangs() throws Exception {
    try (ChainProcess process = Fakes.process("hang")) {
      call(process, Call.OPEN);
      CountDownLatch failed = new CountDownLatch(1);
      Thread caller =
          new Thread(
              () -> {
                assertThrows(ChainFailure.class, () -> call(process, Call.PROCESS));
                failed.countDown();
              });
      caller.start();
      while (!Files.exists(process.home().file("hanging"))) {
        Thread.yield();
      }
      caller.interrupt();
      assertTrue(failed.await(10, TimeUnit.SECONDS));
    }
  }

  @Test
  void deathBetweenCallsIsNoticed() throws Exception {
    CountDownLatch died = new CountDownLatch(1);
    ChainProcess process =
        ChainProcess.start(
            Fakes.spec("crash"),
            "fake (1/1)",
            System.getProperty("java.io.tmpdir"),
            died::countDown);
    assertFalse(process.isDead());
    Request request = new Request().begin(Call.PROCESS);
    assertThrows(ChainFailure.class, () -> process.call(request, new Reply()));
    assertTrue(died.await(10, TimeUnit.SECONDS));
    assertThrows(ChainFailure.class, process::checkAlive);
    process.close();
  }

  @Test
  void filesAreThereWhileAChainRunsAndThoseOfDeadJvmsAreRemoved(@TempDir Path directory)
      throws Exception {
    Path left = Files.createDirectory(directory.resolve("weir-chains-1"));
    Files.createFile(left.resolve("lock"));
    Files.createFile(left.resolve("fake_chain"));
    try (ChainProcess one =
            ChainProcess.start(Fakes.spec("end"), "one", directory.toString(), () -> {});
        ChainProcess two =
            ChainProcess.start(Fakes.spec("end"), "two", directory.toString(), () -> {})) {
      call(one, Call.OPEN);
      call(two, Call.OPEN);
      assertFalse(Files.exists(left));
      assertTrue(Files.isExecutable(one.home().file("weir/native/fake_chain")));
      assertEquals(one.home(), two.home());
    }
    assertEquals(0, Files.list(directory).count());
  }

  @Test
  void anotherCpuIsRefused() {
    VertexSpec spec = Fakes.spec("end");
    spec.arch = "s390x";
    String message =
        assertThrows(ChainFailure.class, () -> ChainProcess.start(spec, "fake", "/tmp", () -> {}))
            .getMessage();
    assertTrue(
        message.startsWith("the job's executable is for s390x and this TaskManager runs on "),
        message);
  }

  @Test
  void aPlaceThatCannotBeWrittenIsNamed() {
    String message =
        assertThrows(
                ChainFailure.class,
                () -> ChainProcess.start(Fakes.spec("end"), "fake", "/proc/none", () -> {}))
            .getMessage();
    assertTrue(message.startsWith("cannot put the job's executable into /proc/none"), message);
  }
}
