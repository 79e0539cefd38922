"""A Kerberos realm on this machine for the other tools in this folder: a KDC of Debian's krb5-kdc,
and a keytab with all principals.
"""

from __future__ import annotations

import os
import pathlib
import socket
import subprocess

import servers
from servers import HOST, die, free_ports

REALM = "WEIR.TEST"
PRINCIPALS = ["hdfs/localhost", "HTTP/localhost", "alice", "bob"]
LEVELS = "authentication,integrity,privacy"


def environment(folder: pathlib.Path) -> dict[str, object]:
    """How clients find the realm."""
    home = folder / "kerberos"
    return {
        "KRB5_CONFIG": home / "krb5.conf",
        "WEIR_TEST_KEYTAB": home / "all.keytab",
        "JAVA_TOOL_OPTIONS": f"-Djava.security.krb5.conf={home / 'krb5.conf'}",
    }


def settings(folder: pathlib.Path) -> dict[str, dict[str, object]]:
    """Properties of Hadoop, by file, for servers that accept every level of protection."""
    keytab = folder / "kerberos" / "all.keytab"
    hdfs = {
        "dfs.block.access.token.enable": "true",
        "dfs.data.transfer.protection": LEVELS,
        "dfs.encrypt.data.transfer.cipher.suites": "AES/CTR/NoPadding",
        # Without it, a DataNode wants ports below 1024.
        "ignore.secure.ports.for.testing": "true",
        "dfs.http.policy": "HTTP_ONLY",
        "dfs.web.authentication.kerberos.principal": f"HTTP/localhost@{REALM}",
        "dfs.web.authentication.kerberos.keytab": keytab,
    }
    for server in ["namenode", "datanode"]:
        hdfs[f"dfs.{server}.kerberos.principal"] = f"hdfs/localhost@{REALM}"
        hdfs[f"dfs.{server}.keytab.file"] = keytab
    return {
        "core": {
            "hadoop.security.authentication": "kerberos",
            "hadoop.rpc.protection": LEVELS,
            "hadoop.http.authentication.type": "kerberos",
            "hadoop.http.authentication.kerberos.principal": f"HTTP/localhost@{REALM}",
            "hadoop.http.authentication.kerberos.keytab": keytab,
            # The tool reads the servers' reports without a ticket.
            "hadoop.http.authentication.kerberos.endpoint.whitelist": "/jmx",
        },
        "hdfs": hdfs,
    }


def start(home: servers.Home) -> None:
    """Makes the realm and starts its KDC. The processes of `home` started later find it."""
    folder = home.folder / "kerberos"
    folder.mkdir()
    port = free_ports(1)[0]
    (folder / "krb5.conf").write_text(
        f"""[libdefaults]
  default_realm = {REALM}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  rdns = false
  udp_preference_limit = 1
[realms]
  {REALM} = {{
    kdc = {HOST}:{port}
  }}
[domain_realm]
  localhost = {REALM}
"""
    )
    (folder / "kdc.conf").write_text(
        f"""[kdcdefaults]
  kdc_listen = {HOST}:{port}
  kdc_tcp_listen = {HOST}:{port}
[realms]
  {REALM} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    acl_file = {folder}/acl
    max_life = 1h
  }}
"""
    )
    os.environ["KRB5_CONFIG"] = str(folder / "krb5.conf")
    os.environ["KRB5_KDC_PROFILE"] = str(folder / "kdc.conf")
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    os.environ["JAVA_TOOL_OPTIONS"] = f"-Djava.security.krb5.conf={folder / 'krb5.conf'}"
    run("kdb5_util", "create", "-s", "-P", "weir", "-r", REALM)
    for principal in PRINCIPALS:
        run("kadmin.local", "-r", REALM, "-q", f"addprinc -randkey {principal}")
        run("kadmin.local", "-r", REALM, "-q", f"ktadd -k {folder / 'all.keytab'} {principal}")
    home.spawn("kdc", ["krb5kdc", "-n", "-r", REALM])

    def listens() -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((HOST, port)) == 0

    home.wait("the KDC", listens, "kdc")


def run(*command: str) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    if done.returncode != 0:
        die(f"{command[0]} failed: {done.stdout.decode(errors='replace')}")
