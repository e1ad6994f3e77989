// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <ostream>

#include "homeostat/audit/chain.h"
#include "homeostat/cli/api_client.h"
#include "homeostat/cli/commands.h"
#include "homeostat/cli/offline.h"
#include "homeostat/cli/output.h"
#include "homeostat/runtime/engine.h"

namespace homeostat::cli {
namespace {

using model::AuditRecord;

struct ListOptions {
    std::string data_dir = "homeostat-data";
    std::optional<model::IncidentId> incident;
    std::optional<model::RecordKind> kind;
    std::uint32_t limit = 100;
    OutputFormat output = OutputFormat::table;
};

bool is_wanted(const AuditRecord& record, const ListOptions& options) {
    return (!options.incident || record.incident == options.incident) &&
           (!options.kind || record.kind == *options.kind);
}

ExitCode list(const ListOptions& options, Environment& environment) {
    std::deque<AuditRecord> newest;
    const auto read = read_audit_of(options.data_dir, [&](const AuditRecord& record) {
        if (!is_wanted(record, options)) return;
        newest.push_back(record);
        if (newest.size() > options.limit) newest.pop_front();
    });
    if (!read) return report(environment, read.error());
    Table table{.columns = {"SEQ", "AT", "KIND", "INCIDENT", "SERVICE", "REASON"}, .rows = {}};
    json::Array value;
    for (const auto& record : newest) {
        table.rows.push_back({std::to_string(record.sequence), short_time(record.at),
                              std::string(to_string(record.kind)),
                              record.incident ? record.incident->value() : "",
                              record.service ? record.service->value() : "", record.reason});
        value.push_back(to_json(record));
    }
    print(environment, options.output, table, value);
    return ExitCode::ok;
}

struct ShowOptions {
    std::string data_dir = "homeostat-data";
    std::uint64_t sequence = 0;
    OutputFormat output = OutputFormat::yaml;
};

ExitCode show(const ShowOptions& options, Environment& environment) {
    std::optional<AuditRecord> found;
    const auto read = read_audit_of(options.data_dir, [&](const AuditRecord& record) {
        if (record.sequence == options.sequence) found = record;
    });
    if (!read) return report(environment, read.error());
    if (!found) {
        return report(environment,
                      {ErrorCode::failed_precondition,
                       fmt::format("there is no audit record {}; 'homeostat audit list' lists them",
                                   options.sequence)});
    }
    print(environment, options.output, to_json(*found));
    return ExitCode::ok;
}

struct VerifyOptions {
    std::string data_dir = "homeostat-data";
};

/// What is wrong with the chain; nothing when it is whole.
Result<> verify_chain(const std::string& data_dir, audit::ChainVerifier& verifier) {
    // Read before the log: what a running node writes meanwhile only makes the log longer.
    HOMEOSTAT_TRY(const auto carryover, runtime::read_carryover(data_dir));
    Result<> whole;
    std::string hash;  // of the record that the loop last knew of
    auto read = read_audit_of(data_dir, [&](const AuditRecord& record) {
        if (whole) whole = verifier.check(record);
        if (record.sequence == carryover.audit_sequence) hash = record.hash;
    });
    if (!read) return read;
    if (!whole) return whole;
    if (verifier.checked() < carryover.audit_sequence) {
        return fail(
            ErrorCode::data_loss,
            fmt::format("the audit log ends with record {}, but {} records were made: its end is damaged or "
                        "was cut off, or it could not be written",
                        verifier.checked(), carryover.audit_sequence));
    }
    if (carryover.audit_sequence > 0 && hash != carryover.audit_hash) {
        return fail(ErrorCode::data_loss,
                    fmt::format("audit record {} is not the one that was made: the log was replaced",
                                carryover.audit_sequence));
    }
    return {};
}

ExitCode verify(const VerifyOptions& options, Environment& environment) {
    audit::ChainVerifier verifier;
    if (const auto whole = verify_chain(options.data_dir, verifier); !whole) {
        return report(environment, whole.error());
    }
    environment.out << fmt::format("{} audit records: {}\nlast hash {}\n", verifier.checked(),
                                   paint(environment, Tone::good, "the chain is whole"),
                                   verifier.last_hash());
    return ExitCode::ok;
}

}  // namespace

Command audit_list_command() {
    return make_command<ListOptions>([](ListOptions& options) {
        return Command{.name = "audit list",
                       .summary = "Lists decisions, and decisions not to act, oldest first.",
                       .examples = {"homeostat audit list --incident inc-000001",
                                    "homeostat audit list --kind verdict -o json"},
                       .arguments = {data_dir_argument(options.data_dir),
                                     argument("--incident", options.incident, "Only those of this incident."),
                                     argument("--kind", options.kind, "Only those of this kind."),
                                     argument("--limit", options.limit, "The newest ones, at most so many."),
                                     output_argument(options.output)},
                       .run = [&options](Environment& environment) { return list(options, environment); }};
    });
}

Command audit_show_command() {
    return make_command<ShowOptions>([](ShowOptions& options) {
        return Command{.name = "audit show",
                       .summary = "Shows one record with all that was decided.",
                       .examples = {"homeostat audit show 42", "homeostat audit show 42 -o json"},
                       .arguments = {required("SEQ", options.sequence, "The record's sequence number."),
                                     data_dir_argument(options.data_dir), output_argument(options.output)},
                       .run = [&options](Environment& environment) { return show(options, environment); }};
    });
}

Command audit_verify_command() {
    return make_command<VerifyOptions>([](VerifyOptions& options) {
        return Command{.name = "audit verify",
                       .summary =
                           "Checks that no record was changed, lost, added or moved; exits with 1 and names "
                           "the record if one was.",
                       .examples = {"homeostat audit verify --data-dir homeostat-data"},
                       .arguments = {data_dir_argument(options.data_dir)},
                       .run = [&options](Environment& environment) { return verify(options, environment); }};
    });
}

}  // namespace homeostat::cli
