// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "homeostat/act/actuator.h"
#include "homeostat/act/script_config.h"
#include "homeostat/adapters/actuate/records/record_store.h"

namespace homeostat::actuate {

/// Runs a program from an allow-list; the order's parameters are `program` and `args`. There is no shell:
/// an argument is an argument. The program gets its own process group, a working directory, the variables
/// that the configuration names and no descriptor but its standard ones; at the order's timeout its whole
/// group is killed. Exit 0 is `done`, everything else `failed`; the end of its output is the detail.
///
/// Results are kept on disk. An order whose script was running when we died stays `unknown`: nobody can
/// tell how far the script had come.
class ScriptActuator final : public act::Actuator {
public:
    static constexpr std::size_t kOutputBytesMax = 8192;  // the tail that is kept
    static constexpr std::size_t kArgsMax = 64;

    /// `results_dir` keeps the results. Errors: `invalid_argument` for a program that is no absolute path
    /// or a variable name that is none, `failed_precondition` for the folder.
    [[nodiscard]] static Result<std::unique_ptr<ScriptActuator>> create(act::ScriptConfig config,
                                                                        std::string results_dir);

    [[nodiscard]] bool supports(model::ActionKind kind) const noexcept override;
    [[nodiscard]] model::OrderResult execute(const model::Order& order, LoopTime now) override;
    [[nodiscard]] model::OrderResult reconcile(const model::OrderId& order) override;

private:
    ScriptActuator(act::ScriptConfig config, RecordStore results)
        : config_(std::move(config)), results_(std::move(results)) {}

    [[nodiscard]] model::OrderResult run(const model::Order& order);
    [[nodiscard]] Result<std::optional<model::OrderResult>> find(const model::OrderId& order) const;
    [[nodiscard]] Result<> keep(const model::OrderResult& result);

    act::ScriptConfig config_;
    RecordStore results_;
};

}  // namespace homeostat::actuate
