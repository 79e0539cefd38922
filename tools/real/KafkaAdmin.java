import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.TopicPartition;

/** What kafka.py asks of a broker: SERVERS COMMAND ARGUMENTS… */
public class KafkaAdmin {
  public static void main(String[] args) throws Exception {
    String name = args[2];
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
      switch (args[1]) {
        case "create" -> {
          Map<String, String> settings = new HashMap<>();
          for (int i = 4; i < args.length; ++i) {
            settings.put(args[i].split("=", 2)[0], args[i].split("=", 2)[1]);
          }
          NewTopic topic = new NewTopic(name, Integer.parseInt(args[3]), (short) 1);
          admin.createTopics(List.of(topic.configs(settings))).all().get();
        }
        case "scram" -> {
          for (ScramMechanism mechanism :
              List.of(ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512)) {
            ScramCredentialInfo info = new ScramCredentialInfo(mechanism, 4096);
            var upsertion = new UserScramCredentialUpsertion(name, info, args[3]);
            admin.alterUserScramCredentials(List.of(upsertion)).all().get();
          }
        }
        case "grow" -> {
          NewPartitions total = NewPartitions.increaseTo(Integer.parseInt(args[3]));
          admin.createPartitions(Map.of(name, total)).all().get();
        }
        case "drop" -> admin.deleteTopics(Collections.singleton(name)).all().get();
        case "truncate" -> {
          TopicPartition partition = new TopicPartition(name, Integer.parseInt(args[3]));
          RecordsToDelete before = RecordsToDelete.beforeOffset(Long.parseLong(args[4]));
          admin.deleteRecords(Map.of(partition, before)).all().get();
        }
        default -> throw new IllegalArgumentException("no command is called " + args[1]);
      }
    }
  }
}
