#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Ctrl-C in the middle of a fault, with an instance that SIGSTOP holds: the demo ends soon and leaves nothing.
source "$(dirname "$0")/../lib.sh"
source "$(dirname "$0")/left_behind.sh"
export TMPDIR=$work

ended() { ! kill -0 "$demo" 2>/dev/null; }
shop_runs() { [ "$(shop_processes | wc -l)" -ge 14 ]; }

# A group of its own, as a terminal gives it, and the signal as one that ends a program: a shell makes what it
# starts in the background ignore it.
begin demo setsid env --default-signal=INT "$homeostat" demo --fault hang
demo=$!
check "the demo stops an instance" eventually 70 grep -q 'SIGSTOP' "$work/demo.log"
check "the shop runs" shop_runs
kill -INT -- "-$demo"
check "Ctrl-C ends the demo" eventually 30 ended
code=0
wait "$demo" || code=$?
check "its exit code says that not every fault was healed" [ "$code" -eq 1 ]
check "no process and no folder is left" nothing_left_behind
