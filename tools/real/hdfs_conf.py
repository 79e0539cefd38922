"""The configuration of the HDFS that hdfs.py starts."""

from __future__ import annotations

import os
import pathlib
import pwd
from typing import Any
from xml.sax.saxutils import escape

import kerberos
import servers
from servers import HOST

NAMESERVICE = "weirns"
METRICS_SECONDS = 1  # maximum age of the numbers in /jmx
LOG4J = """log4j.rootLogger={level},C
log4j.appender.C=org.apache.log4j.ConsoleAppender
log4j.appender.C.target=System.err
log4j.appender.C.layout=org.apache.log4j.PatternLayout
log4j.appender.C.layout.ConversionPattern=%d{{ISO8601}} %p %c{{2}}: %m%n
"""


def write_conf(
    home: servers.Home,
    name: str,
    extra: dict[str, Any] | None = None,
    level: str = "INFO",
    datanode: str = "dn",
) -> pathlib.Path:
    """A configuration folder for one process, or for clients."""
    folder, ports, ha = home.folder, home.state["ports"], home.state["ha"]
    secure = home.state.get("kerberos", False)
    conf = folder / f"conf-{name}"
    conf.mkdir(exist_ok=True)
    core = {
        "fs.defaultFS": f"hdfs://{NAMESERVICE}" if ha else f"hdfs://{HOST}:{ports['nn1_rpc']}",
        "hadoop.tmp.dir": f"{folder}/tmp",
        "ipc.client.connect.max.retries": 3,
    }
    # Users who may act for others.
    for user in [pwd.getpwuid(os.getuid()).pw_name, "alice"]:
        core |= {
            f"hadoop.proxyuser.{user}.hosts": HOST,
            f"hadoop.proxyuser.{user}.users": "bob",
        }
    hdfs = {
        "dfs.replication": home.state["datanodes"],
        "dfs.permissions.enabled": "true",
        "dfs.heartbeat.interval": 1,
        "dfs.namenode.heartbeat.recheck-interval": 1000,
        "dfs.namenode.safemode.extension": 0,
        "dfs.blockreport.initialDelay": 0,
        "dfs.namenode.datanode.registration.ip-hostname-check": "false",
        "dfs.datanode.hostname": HOST,
        "dfs.client.use.datanode.hostname": "true",
        "dfs.namenode.rpc-bind-host": HOST,
        "dfs.namenode.http-bind-host": HOST,
        "dfs.datanode.address": f"{HOST}:{ports[datanode + '_data']}",
        "dfs.datanode.http.address": f"{HOST}:{ports[datanode + '_http']}",
        "dfs.datanode.ipc.address": f"{HOST}:{ports[datanode + '_ipc']}",
        "dfs.datanode.data.dir": f"file://{folder}/data-{datanode}",
        "dfs.datanode.du.reserved": 0,
        "dfs.client.block.write.replace-datanode-on-failure.policy": "NEVER",
        # When a file on one DataNode is closed, the NameNode is mostly asked a moment too early;
        # the client then waits this long, by default 400 ms.
        "dfs.client.block.write.locateFollowingBlock.initial.delay.ms": home.state[
            "close_delay_ms"
        ],
        "dfs.client.block.write.locateFollowingBlock.retries": 12,
    }
    if ha:
        hdfs |= {
            "dfs.nameservices": NAMESERVICE,
            f"dfs.ha.namenodes.{NAMESERVICE}": "nn1,nn2",
            "dfs.namenode.shared.edits.dir": f"qjournal://{HOST}:{ports['jn_rpc']}/{NAMESERVICE}",
            "dfs.journalnode.edits.dir": f"{folder}/journal",
            "dfs.journalnode.rpc-address": f"{HOST}:{ports['jn_rpc']}",
            "dfs.journalnode.http-address": f"{HOST}:{ports['jn_http']}",
            "dfs.ha.fencing.methods": "shell(/bin/true)",
            "dfs.ha.automatic-failover.enabled": "false",
            "dfs.ha.tail-edits.period": 1,
            f"dfs.client.failover.proxy.provider.{NAMESERVICE}": "org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider",
        }
        for nn in ["nn1", "nn2"]:
            hdfs |= {
                f"dfs.namenode.rpc-address.{NAMESERVICE}.{nn}": f"{HOST}:{ports[nn + '_rpc']}",
                f"dfs.namenode.http-address.{NAMESERVICE}.{nn}": f"{HOST}:{ports[nn + '_http']}",
            }
    else:
        hdfs |= {
            "dfs.namenode.rpc-address": f"{HOST}:{ports['nn1_rpc']}",
            "dfs.namenode.http-address": f"{HOST}:{ports['nn1_http']}",
        }
    if secure:
        realm = kerberos.settings(folder)
        core |= realm["core"]
        hdfs |= realm["hdfs"]
        if home.state["encrypt"]:
            hdfs["dfs.encrypt.data.transfer"] = "true"
    hdfs |= extra or {}
    for file, properties in [("core-site.xml", core), ("hdfs-site.xml", hdfs)]:
        body = "".join(
            f"  <property><name>{escape(k)}</name><value>{escape(str(v))}</value></property>\n"
            for k, v in properties.items()
        )
        (conf / file).write_text(
            f'<?xml version="1.0"?>\n<configuration>\n{body}</configuration>\n'
        )
    (conf / "log4j.properties").write_text(
        LOG4J.format(level=level) + "log4j.logger.org.apache.hadoop.util.NativeCodeLoader=ERROR\n"
    )
    (conf / "hadoop-metrics2.properties").write_text(f"*.period={METRICS_SECONDS}\n")
    return conf


def namenode_conf(home: servers.Home, nn: str) -> pathlib.Path:
    extra = {"dfs.namenode.name.dir": f"file://{home.folder}/name-{nn}"}
    if home.state["ha"]:
        extra["dfs.ha.namenode.id"] = nn
    return write_conf(home, nn, extra)
