package weir.flink;

/** What the bridge may ask of a chain; the numbers of docs/formats/flink_host.md. */
enum Call {
    OPEN(1),
    RESTORE_GROUP(2),
    READY(3),
    PROCESS(4),
    WATERMARK(5),
    TIMER(6),
    POLL(7),
    RESUME(8),
    BARRIER(9),
    SNAPSHOT(10),
    SNAPSHOT_CHUNK(11),
    SNAPSHOT_DROP(12),
    COMPLETED(13),
    ABORTED(14),
    FINISH(15),
    CLOSE(16);

    final int number;

    Call(int number) {
        this.number = number;
    }
}
