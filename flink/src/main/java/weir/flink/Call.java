package weir.flink;

/**
 * The calls that the bridge makes to a chain, in the order of their numbers in
 * docs/formats/flink_host.md.
 */
enum Call {
  OPEN,
  RESTORE_GROUP,
  READY,
  PROCESS,
  WATERMARK,
  TIMER,
  POLL,
  RESUME,
  BARRIER,
  SNAPSHOT,
  SNAPSHOT_CHUNK,
  SNAPSHOT_DROP,
  COMPLETED,
  ABORTED,
  FINISH,
  CLOSE,
  COMMIT;

  int number() {
    return 1 + ordinal();
  }
}
