// SPDX-License-Identifier: Apache-2.0
#include "homeostat/policy/guardrails.h"

#include <benchmark/benchmark.h>

#include <string>

#include "homeostat/base/check.h"

namespace homeostat::policy {
namespace {

/// One verdict on a plan for a service of ten instances, with `state.range(0)` acts in the ledger.
void judge(benchmark::State& state) {
    PolicyConfig config;
    config.mode = model::Autonomy::automatic;
    const auto guardrails = Guardrails::create(config);
    HOMEOSTAT_CHECK(guardrails);
    const model::ServiceId service{"payment"};
    Situation situation{.now = {.loop = LoopTime{std::chrono::hours{30}}}, .service_count = 50};
    for (int i = 0; i < 10; ++i) {
        situation.services[service].instances.emplace_back("payment-" + std::to_string(i));
    }
    const model::Plan plan{.cause = {.service = service, .posterior = 0.9},
                           .steps = {{.name = "restart", .action = {.service = service}}}};
    Ledger ledger;
    for (int i = 0; i < state.range(0); ++i) {
        const model::IncidentId incident{std::to_string(i)};
        const model::Plan other{
            .steps = {{.name = "restart", .action = {.service = model::ServiceId{"db"}}}}};
        HOMEOSTAT_CHECK(ledger.begin(incident, other, LoopTime{}));
        HOMEOSTAT_CHECK(ledger.finish(incident, ActOutcome::succeeded, LoopTime{}));
    }
    for (auto _ : state) benchmark::DoNotOptimize(guardrails->judge(plan, situation, ledger));
}
BENCHMARK(judge)->Arg(0)->Arg(30)->Arg(2400);

}  // namespace
}  // namespace homeostat::policy
