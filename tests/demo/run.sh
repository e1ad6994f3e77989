#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The demo as a newcomer meets it: it heals two faults, its report has its keys, its journal decides the same
# again, and it leaves no process behind.
source "$(dirname "$0")/../lib.sh"
source "$(dirname "$0")/left_behind.sh"
export TMPDIR=$work

has_exactly_the_promised_keys() {
  python3 - "$work/kpi.json" <<'END'
import json, sys
spread = {"mean", "p50", "p99"}
promised = {"incidents": None, "mttd_s": spread, "mttr_s": spread, "false_positive_rate": None,
            "false_incidents_per_day": None, "recall": None, "precision": None, "root_cause_top1": None,
            "success_rate": None, "policy_violations": None, "seed": None, "journal_hash": None}
report = json.load(open(sys.argv[1]))
found = {key: set(value) if isinstance(value, dict) else None for key, value in report.items()}
sys.exit(None if found == promised else f"the keys are {found}")
END
}

# report_says EXPRESSION over the report's keys.
report_says() {
  python3 -c 'import json, sys; sys.exit(not eval(sys.argv[2], json.load(open(sys.argv[1]))))' "$work/kpi.json" "$1"
}

check "homeostat demo heals crash and bad_version" \
  "$homeostat" demo --fault crash --fault bad_version --keep "$work/kept" --report "$work/kpi.json"
check "no process and no folder is left" nothing_left_behind
check "the report has exactly its keys" has_exactly_the_promised_keys
check "both faults were seen" report_says 'incidents == 2 and recall == 1'
check "the right service was blamed first" report_says 'root_cause_top1 == 1'
check "both were healed" report_says 'success_rate == 1'
check "no policy was violated" report_says 'policy_violations == 0'
check "homeostat replay decides the same again" "$homeostat" replay "$work/kept/homeostat"
check "homeostat audit verify finds the chain whole" "$homeostat" audit verify --data-dir "$work/kept/homeostat"
