#!/usr/bin/env bash
# `make scale`: the same campaign by one process, by GNU parallel and by a one-node Slurm array comes
# to the same findings and the same totals. Installs both where they are missing (Debian).
set -euo pipefail
cd "$(dirname "$0")/../.."
ATROPOS=${ATROPOS:-$PWD/target/release/atropos}
SHARDS=4
RUNS=12800
FILTER="atomvm-links kv-registry/guide restate-join/v1.2.0 llama-chat/v0.12.17"
OUT=$PWD/target/atropos/scale

missing=()
command -v parallel >/dev/null || missing+=(parallel)
command -v sbatch >/dev/null || missing+=(slurm-wlm)
command -v slurmctld >/dev/null || missing+=(slurmctld)
command -v slurmd >/dev/null || missing+=(slurmd)
command -v mungekey >/dev/null || missing+=(munge)
if ((${#missing[@]})); then
  apt-get update
  apt-get install --yes --no-install-recommends "${missing[@]}"
fi
rm -rf "$OUT"
mkdir -p "$OUT"

# A named canary is a finding: 100 is what each of these must end with.
hunt() { "$ATROPOS" fuzz $FILTER --runs $RUNS --quiet --no-regressions "$@" &>/dev/null || test $? -eq 100; }
# What must be equal: everything but how the work was shared.
whole() { python3 -c '
import json, sys
file = json.load(open(sys.argv[1]))
del file["parts"]
print(json.dumps(file, sort_keys=True, indent=1))' "$1"; }
judge() {
  "$ATROPOS" merge "$OUT/$1"/*/latest --out "$OUT/$1" --quiet &>/dev/null || test $? -eq 100
  whole "$OUT/$1/merged/run.json" >"$OUT/$1.json"
  cmp "$OUT/one.json" "$OUT/$1.json"
  echo "scale: $1: $SHARDS shards of $RUNS runs a variant: the same as one process"
}

hunt --out "$OUT/one"
whole "$OUT/one/latest/run.json" >"$OUT/one.json"

# GNU parallel.
export ATROPOS OUT SHARDS RUNS FILTER
export -f hunt
parallel --will-cite --joblog "$OUT/parallel.log" \
  'hunt --shard {}/$SHARDS --jobs 1 --out $OUT/parallel/{}' ::: $(seq 0 $((SHARDS - 1)))
judge parallel

# Slurm: a cluster of one node, gone when this script ends.
HOST=$(hostname -s)
SLURM=$(mktemp -d)
stop() {
  set +e
  local pids
  pids=$(cat "$SLURM"/slurm*.pid 2>/dev/null)
  kill $pids 2>/dev/null
  # They write their state once more as they end.
  for _ in {1..50}; do kill -0 $pids 2>/dev/null || break; sleep 0.2; done
  test -z "${MUNGED:-}" || { kill "$MUNGED" && wait "$MUNGED"; } 2>/dev/null
  rm -rf "$SLURM"
}
trap stop EXIT
mkdir -p "$SLURM"/{state,spool,munge} && chmod 0755 "$SLURM" "$SLURM/munge"
test -f /etc/munge/munge.key || mungekey --create --keyfile "$SLURM/munge/key"
KEY=/etc/munge/munge.key
test -f $KEY || KEY=$SLURM/munge/key
cp $KEY "$SLURM/munge/own" && chmod 0400 "$SLURM/munge/own"
munged --force --foreground --key-file="$SLURM/munge/own" --socket="$SLURM/munge/socket" \
  --pid-file="$SLURM/munged.pid" --log-file="$SLURM/munged.log" --seed-file="$SLURM/munge/seed" &>"$SLURM/munged.out" &
MUNGED=$!
cat >"$SLURM/slurm.conf" <<CONF
ClusterName=atropos
SlurmctldHost=$HOST(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$SLURM/munge/socket
CryptoType=crypto/munge
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$SLURM/state
SlurmdSpoolDir=$SLURM/spool
SlurmctldPidFile=$SLURM/slurmctld.pid
SlurmdPidFile=$SLURM/slurmd.pid
SlurmctldLogFile=$SLURM/slurmctld.log
SlurmdLogFile=$SLURM/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
ReturnToService=2
NodeName=$HOST NodeAddr=127.0.0.1 CPUs=$(nproc)
PartitionName=all Nodes=$HOST Default=YES State=UP
CONF
export SLURM_CONF=$SLURM/slurm.conf
sleep 1
slurmctld && slurmd
for _ in $(seq 60); do
  sinfo --noheader --format=%T 2>/dev/null | grep --quiet idle && break
  sleep 0.5
done
(
  cd "$OUT"
  ATROPOS_FILTER=$FILTER ATROPOS_RUNS=$RUNS ATROPOS_OUT=$OUT/slurm \
    sbatch --array=0-$((SHARDS - 1)) --wait "$OLDPWD/docs/scale/slurm.sh" || test $? -eq 100
)
judge slurm
