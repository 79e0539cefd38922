#!/usr/bin/env python3
"""Checks that Kubernetes and systemd accept the files in deploy/, and that their flags and settings
exist.

Usage: deploy_test.py BUILD
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import flights_data

PROGRAM = os.path.join(os.path.abspath(sys.argv[1]), "bin", "flights")
KUBERNETES = "1.30"


def kubernetes_manifests_fit_the_schema(scratch: str) -> list[dict[str, Any]]:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-input",
            "--disable-pip-version-check",
            "--root-user-action=ignore",
            "--target",
            scratch,
            "kubernetes-validate",
        ],
        check=True,
        timeout=300,
    )
    sys.path.insert(0, scratch)
    import kubernetes_validate
    import yaml

    documents = [
        d
        for name in glob.glob(os.path.join(ROOT, "deploy/kubernetes/*.yaml"))
        for d in yaml.safe_load_all(open(name))
    ]
    assert len(documents) >= 3, "the manifests are gone"
    for document in documents:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    broken = {**documents[-1], "spec": {"replicas": "three"}}
    try:
        kubernetes_validate.validate(broken, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError:
        return documents
    raise AssertionError("the validator takes everything")


def commands_are_understood(documents: list[dict[str, Any]], scratch: str) -> None:
    """The program itself accepts the flags and settings: --explain checks them and runs nothing."""
    config = os.path.join(scratch, "conf")
    os.mkdir(config)
    for document in documents:
        if document["kind"] == "ConfigMap":
            with open(os.path.join(config, "weir.yaml"), "w") as out:
                out.write(document["data"]["weir.yaml"])
    seen = 0
    for document in documents:
        if document["kind"] != "Deployment":
            continue
        for container in document["spec"]["template"]["spec"]["containers"]:
            flags = [flag.replace("$(POD_IP)", "10.0.0.1") for flag in container["command"][1:]]
            run = subprocess.run(
                [PROGRAM, *flags, "--explain"],
                env={**os.environ, "WEIR_CONF_DIR": config},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=30,
                text=True,
            )
            assert run.returncode == 0, run.stdout
            seen += 1
    assert seen == 2


def units_are_verified(scratch: str) -> None:
    if shutil.which("systemd-analyze") is None:
        print("systemd-analyze is not here: the units are only read")
    for name in glob.glob(os.path.join(ROOT, "deploy/systemd/*.service")):
        text = open(name).read()
        program = re.search(r"^ExecStart=(\S+) (.*)$", text, re.M)
        assert program and "--role" in program[2], name
        if shutil.which("systemd-analyze"):
            copy = os.path.join(scratch, os.path.basename(name).replace("@", "@flights"))
            with open(copy, "w") as out:
                out.write(text.replace(program[1], PROGRAM))
            run = subprocess.run(
                ["systemd-analyze", "verify", "--man=no", copy],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=60,
                text=True,
            )
            assert run.returncode == 0 and os.path.basename(copy) not in run.stdout, run.stdout


def units_start_again_what_starting_again_helps(scratch: str) -> None:
    """The commands of the units end with the exit codes that the units handle."""
    source, down = os.path.join(scratch, "in"), "hdfs://127.0.0.1:1"
    flights_data.write_slice(flights_data.flights_directory(), source, 10)
    for name in glob.glob(os.path.join(ROOT, "deploy/systemd/*.service")):
        text = open(name).read()
        settings = dict(re.findall(r"^(\w+)=(.*)$", text, re.M))
        assert settings["Restart"] == "on-failure" and settings["StartLimitIntervalSec"] == "0", (
            f"{name} gives up after some starts"
        )
        good = {"0", *settings["SuccessExitStatus"].split()}
        hopeless = set(settings["RestartPreventExitStatus"].split())
        coordinator = "--role coordinator" in settings["ExecStart"]

        def start(*flags: str) -> subprocess.Popen[str]:
            command = re.sub(r"\$\w+", "", settings["ExecStart"]).split()[1:]
            place = ["--listen", "127.0.0.1:0"] if coordinator else ["--coordinator", "127.0.0.1:1"]
            return subprocess.Popen(
                [PROGRAM, *command, *place, "--output", os.path.join(scratch, "out"), *flags],
                cwd=scratch,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )

        def code_of(process: subprocess.Popen[str]) -> tuple[str, str]:
            try:
                said = process.communicate(timeout=60)[1]
            finally:
                process.kill()
            return str(process.returncode), said

        code, said = code_of(start("--input", source, "-D", "parallelism.default=none"))
        assert code in hopeless, f"{name}: a setting that is wrong ends with {code}\n{said}"
        code, said = code_of(
            start("--input", f"{down}/in")
            if coordinator
            else start("--input", source, "-D", "taskmanager.registration.timeout=1 s")
        )
        assert code not in good | hopeless, f"{name}: what may pass ends with {code}\n{said}"
        process = start("--input", source)
        said = ""
        assert process.stderr
        while ("listening for workers" if coordinator else "no coordinator yet") not in said:
            line = process.stderr.readline()
            assert line, f"{name}: it ends by itself\n{said}"
            said += line
        process.terminate()
        code, said = code_of(process)
        assert code in good - {"0"}, f"{name}: `systemctl stop` ends with {code}\n{said}"


def main() -> None:
    passed = 0
    with tempfile.TemporaryDirectory(prefix="weir-deploy-") as scratch:
        documents = kubernetes_manifests_fit_the_schema(scratch)
        passed += 1
        commands_are_understood(documents, scratch)
        passed += 1
        units_are_verified(scratch)
        passed += 1
        units_start_again_what_starting_again_helps(scratch)
        passed += 1
    print(f"{passed} passed, 0 failed")


if __name__ == "__main__":
    main()
