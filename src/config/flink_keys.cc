#include "config/flink_keys.h"

#include <algorithm>
#include <iterator>

#include "base/strings.h"
#include "config/options.h"

namespace weir {
namespace {

// No prefix is so short that a mistyped key of weir could match it: keys under
// "execution.checkpointing." and the like are listed one by one.
constexpr FlinkKey kKeys[] = {
    {"jobmanager.memory.* taskmanager.memory.* taskmanager.jvm-* jobmanager.jvm-* "
     "taskmanager.resource-id taskmanager.cpu.cores "
     "kubernetes.jobmanager.* kubernetes.taskmanager.* jobmanager.heap.* taskmanager.heap.* "
     "taskmanager.managed.*",
     "a native process takes from the system what it needs, and has no heap of a JVM"},
    {"env.java.* env.ssh.* env.log.* env.pid.* env.stdout-err.* env.yarn.* env.hbase.* "
     "classloader.* akka.* pekko.* taskmanager.rpc.* "
     "jobmanager.rpc.filesystem-* plugin.* plugins.*",
     "weir has no JVM, and none of Flink's scripts"},
    {"rest.path rest.url-prefix rest.connection-timeout rest.idleness-timeout rest.retry.* "
     "rest.await-leader-timeout rest.server.* rest.client.* rest.async.* rest.cache.* "
     "rest.flamegraph.* rest.profiling.* web.access-control-allow-origin web.address "
     "web.backpressure.* web.checkpoints.history web.exception-history-size "
     "web.history web.job-plan-update-interval web.log.path web.port web.refresh-interval "
     "web.rescale.enable web.rest-service.* web.ssl.enabled web.submit.enable web.timeout "
     "web.tmpdir web.upload.dir historyserver.* jobmanager.web.* client.* "
     "queryable-state.* query.server.* query.proxy.*",
     "weir has no such part of a REST interface, and no clients; docs/operating.md says what it "
     "serves"},
    {"metrics.reporter.* metrics.scope.* metrics.latency.* metrics.fetcher.* metrics.internal.* "
     "metrics.system-resource metrics.system-resource-probing-interval metrics.job.* "
     "metric.* traces.reporter.* traces.checkpoint.* events.*",
     "weir has the reporters prom, otel, statsd and slf4j, with fewer settings: docs/operating.md"},
    {"kubernetes.* yarn.* containerized.* mesos.* high-availability.kubernetes.* "
     "external-resource.* external-resources* slotmanager.* slot.* "
     "resourcemanager.* cluster.* standalone.start-up-time scheduler-mode "
     "jobmanager.adaptive-scheduler.* jobmanager.adaptive-batch-scheduler.* "
     "jobmanager.partition.* jobmanager.execution.* jobmanager.future-pool.size "
     "jobmanager.io-pool.size jobmanager.resource-id "
     "jobmanager.retrieve-taskmanager-hostname taskmanager.slot.timeout "
     "taskmanager.load-balance.mode",
     "weir brings no resource manager: processes are started by whatever you use for that"},
    {"blob.* jobstore.* job-result-store.* process.* process.working-dir user.artifacts.* "
     "high-availability.zookeeper.path.* high-availability.jobmanager.* "
     "high-availability.use-job-result-store cleanup-strategy.*",
     "weir has no such store: a job is a program"},
    {"taskmanager.network.* taskmanager.debug.* taskmanager.log.* taskmanager.runtime.* "
     "taskmanager.exit-on-fatal-akka-error shuffle-service-factory.* "
     "taskmanager.data.bind-port taskmanager.data.ssl.enabled taskmanager.collect-sink.* "
     "task.cancellation.interval task.cancellation.timers.*",
     "weir's network and tasks are built otherwise; weir.channel-capacity and weir.batch-bytes are "
     "their sizes"},
    {"state.backend.rocksdb.* state.backend.forst.* "
     "state.backend.local-recovery state.backend.latency-track.* "
     "state.backend.heap.* state.backend.changelog.* state.changelog.* "
     "state.backend.fs.write-buffer-size state.backend.async "
     "execution.checkpointing.write-buffer-size "
     "state.storage.fs.write-buffer-size state.checkpoint-storage "
     "state.latency-track.* state.size-track.* state.ttl.* lookup.cache.*",
     "weir keeps state on the heap"},
    {"state.checkpoints.create-subdir execution.checkpointing.create-subdir "
     "execution.checkpointing.file-merging.* execution.checkpointing.storage "
     "execution.checkpointing.max-aligned-checkpoint-size "
     "execution.checkpointing.checkpoints-after-tasks-finish.enabled "
     "execution.checkpointing.checkpoints-after-tasks-finish execution.checkpointing.cleaner.* "
     "state.checkpoint.cleaner.* "
     "execution.checkpointing.force-unaligned "
     "execution.checkpointing.unaligned.forced "
     "execution.checkpointing.unaligned.max-subtasks-per-channel-state-file "
     "execution.checkpointing.unaligned.interruptible-timers.enabled "
     "execution.checkpointing.interval-during-backlog "
     "execution.checkpointing.id-of-ignored-in-flight-data "
     "execution.checkpointing.recover-without-channel-state.*",
     "weir writes checkpoints in one way"},
    {"execution.runtime-mode execution.batch.* execution.sorted-inputs.* "
     "execution.batch-shuffle-mode execution.attached execution.target "
     "execution.shutdown-on-attached-exit execution.shutdown-on-application-finish "
     "execution.submit-failed-job-on-application-error "
     "execution.allow-client-job-configurations execution.program-config.* execution.job-listeners "
     "execution.job-status-changed-listeners "
     "pipeline.jars pipeline.classpaths pipeline.object-reuse pipeline.generic-types "
     "pipeline.serialization-lib pipeline.default-kryo-serializers "
     "pipeline.registered-kryo-types pipeline.registered-pojo-types pipeline.force-* "
     "pipeline.cached-files pipeline.closure-cleaner-level "
     "pipeline.global-job-parameters pipeline.vertex-* pipeline.watermark-alignment.* "
     "pipeline.jobvertex-parallelism-overrides "
     "table.* sql-client.* sql-gateway.* python.*",
     "a program of weir's is run as a stream by itself; --parallelism, --target and the like say "
     "how"},
    {"s3.entropy.* s3.s5cmd.* s3.bulk-copy.* s3.chunked-encoding.* s3.async.* s3.read.* "
     "s3.connection.* s3.threads.* s3.fast.* s3.multipart.* s3.committer.* s3a.* fs.s3.* fs.s3a.* "
     "fs.azure.* fs.gs.* gs.* fs.oss.* fs.allowed-fallback-filesystems "
     "fs.output.* fs.overwrite-files fs.hdfs.hadoopconf "
     "fs.hdfs.hdfsdefault fs.hdfs.hdfssite fs.s3-* presto.* hive.* flink.hadoop.*",
     "weir's file systems are local ones, HDFS and S3, and docs/configuration.md lists their keys"},
    {"security.kerberos.login.use-ticket-cache security.kerberos.login.contexts "
     "security.kerberos.access.* security.kerberos.fetch.* security.kerberos.relogin.* "
     "security.kerberos.krb5-conf.* security.context.* security.module.* security.delegation.* "
     "security.ssl.rest.* security.ssl.algorithms "
     "security.ssl.verify-hostname security.ssl.provider security.ssl.internal.session-* "
     "security.ssl.internal.handshake-timeout "
     "security.ssl.internal.close-notify-flush-timeout security.ssl.protocol zookeeper.sasl.*",
     "weir uses Kerberos for HDFS only, by a keytab or a ticket cache, and between its processes "
     "TLS as OpenSSL and docs/deploy.md have it"},
    {"security.ssl.enabled security.ssl.keystore security.ssl.keystore-password "
     "security.ssl.key-password security.ssl.truststore "
     "security.ssl.truststore-password security.ssl.internal.cert.fingerprint",
     "without it weir would be less safe than the file says: set the keys under "
     "security.ssl.internal that docs/configuration.md lists, and leave this one out",
     true},
    {"fs.default-scheme",
     "paths without a scheme would be other places than the file says: write the scheme into each "
     "path, and leave this key out",
     true},
};

bool matches(std::string_view patterns, std::string_view name) {
  for (const std::string_view pattern : split(patterns, ' ')) {
    if (pattern.empty()) continue;
    if (pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                               : name == pattern)
      return true;
  }
  return false;
}

}  // namespace

const FlinkKey* find_flink_key(std::string_view name) {
  if (find_config_key(name) != nullptr) return nullptr;
  const auto* found = std::find_if(std::begin(kKeys), std::end(kKeys), [&](const FlinkKey& key) {
    return matches(key.patterns, name);
  });
  return found == std::end(kKeys) ? nullptr : found;
}

}  // namespace weir
