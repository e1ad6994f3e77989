// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "homeostat/diagnose/fault_model.h"
#include "homeostat/diagnose/scene.h"

/// Inference in the network: how probable is each fault at each service, given the evidence of a scene.
namespace homeostat::diagnose {

/// How probably a service, or a call, fails and comes late.
struct Suffering {
    double errors = 0;
    double slow = 0;
};

/// What is to be expected without the fault in question: from leaks and from faults accepted already.
struct Background {
    std::vector<Suffering> services;
    std::vector<Suffering> calls;
    std::vector<double> traffic;  // P(more traffic than usual) of each service
    double nothing = 0;           // ln of the prior of "nothing else is wrong"
};

/// A service that a fault reaches.
struct Victim {
    Index service = 0;
    Suffering prior;      // given the evidence on the way to it
    Suffering posterior;  // given its own as well
};

/// The way of a fault through the callers, under one assumption of what it emits.
struct Spread {
    double gain = 0;              // ln likelihood ratio of all evidence on the way, against the background
    std::vector<Victim> victims;  // the source first, then callees before callers
    std::optional<EventTime> first_onset;  // of the victims, without the source
};

struct Hypothesis {
    Index service = 0;
    Fault fault = Fault::unknown;
    double score = 0;                // ln of prior and likelihood ratio against "nothing but the background"
    Suffering emits;                 // the most probable of the possibilities, as 0 or 1
    std::optional<Index> lost_call;  // of a lost dependency
};

class Network {
public:
    Network(const Scene& scene, Duration onset_slack) : scene_(scene), onset_slack_(onset_slack) {}

    /// Leaks only, after an alarm.
    [[nodiscard]] Background quiet() const;

    /// Adds to `background` what `hypothesis` makes expected.
    void add(Background& background, const Hypothesis& hypothesis) const;

    /// Every fault of every service that has evidence at itself or on its calls, best first.
    [[nodiscard]] std::vector<Hypothesis> weigh(const Background& background) const;

    /// How a fault at `source` that emits `emits` (0 or 1 each) travels against the calls.
    [[nodiscard]] Spread spread(Index source, Suffering emits, const Background& background) const;

    /// ln likelihood ratio of one local symptom for `fault` at `service`.
    [[nodiscard]] double symptom_gain(Index service, Fault fault, Symptom symptom,
                                      const Background& background) const;

private:
    [[nodiscard]] std::vector<Index> upstream_of(Index source) const;
    [[nodiscard]] bool suspicious(const ServiceScene& service) const;
    [[nodiscard]] double visit(Index service, std::span<const Suffering> beliefs,
                               const Background& background, Victim& victim) const;
    [[nodiscard]] double visible_gain(const Hypothesis& hypothesis, const Background& background) const;
    [[nodiscard]] double lateness(Index source, const Spread& spread) const;
    void weigh_service(Index service, const Background& background, std::vector<Hypothesis>& out) const;
    [[nodiscard]] std::array<double, 4> travel(Index source, const Background& background) const;
    [[nodiscard]] Hypothesis weigh_fault(Index service, Fault fault, const Background& background,
                                         const std::array<double, 4>& travelled) const;
    [[nodiscard]] bool overrun(const ServiceScene& service) const;
    [[nodiscard]] Background spill(Index source, Background background) const;
    [[nodiscard]] std::vector<Index> with_callees(std::vector<Index> services) const;
    [[nodiscard]] double gain_of(const Background& background, const Background& before) const;
    [[nodiscard]] double changed_traffic(Index service) const;
    [[nodiscard]] double from_above(Index service) const;
    [[nodiscard]] double share_of_traffic(const CallScene& call) const;
    [[nodiscard]] double lose_dependency(Hypothesis& hypothesis, const Background& background) const;

    const Scene& scene_;
    Duration onset_slack_;
};

}  // namespace homeostat::diagnose
