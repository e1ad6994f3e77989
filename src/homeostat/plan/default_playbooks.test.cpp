// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "homeostat/adapters/yaml/yaml.h"
#include "homeostat/base/check.h"
#include "homeostat/plan/lint.h"
#include "homeostat/plan/playbook_reader.h"
#include "homeostat/plan/playbook_test.h"

namespace homeostat::plan {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> yaml_files_in(const std::string& folder) {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
}

std::vector<Playbook> default_playbooks(Problems& problems) {
    std::vector<Playbook> playbooks;
    for (const auto& file : yaml_files_in(HOMEOSTAT_PLAYBOOKS)) {
        const auto document = yaml::read_file(file, problems);
        if (!document) continue;
        if (auto playbook = read_playbook(*document, yaml::parse, problems))
            playbooks.push_back(*std::move(playbook));
    }
    return playbooks;
}

TEST(DefaultPlaybooks, PassTheLinterWithoutAWarning) {
    Problems problems;
    const auto playbooks = default_playbooks(problems);
    EXPECT_GE(playbooks.size(), 6);
    lint_library(playbooks, problems);
    for (const auto& problem : problems) ADD_FAILURE() << to_string(problem);
}

TEST(DefaultPlaybooks, HaveARemedyForEveryCauseButSilence) {
    Problems problems;
    const auto library = PlaybookLibrary::create(default_playbooks(problems));
    ASSERT_TRUE(library);
    for (std::size_t i = 0; i < kEnumNames<model::CauseKind>.size(); ++i) {
        const auto kind = static_cast<model::CauseKind>(i);
        const auto ladder = library->ladder(kind, model::ServiceId{"any"}, model::Criticality::critical);
        EXPECT_EQ(ladder.empty(), kind == model::CauseKind::telemetry_silence) << to_string(kind);
    }
}

TEST(DefaultPlaybooks, PassTheirOwnTests) {
    Problems problems;
    auto library = PlaybookLibrary::create(default_playbooks(problems));
    ASSERT_TRUE(library);
    const Planner planner(*std::move(library));
    for (const auto& file : yaml_files_in(HOMEOSTAT_PLAYBOOKS "/tests")) {
        const auto document = yaml::read_file(file, problems);
        ASSERT_TRUE(document);
        PlaybookTests tests;
        if (!read_document(*document, tests, problems)) {
            for (const auto& problem : problems) ADD_FAILURE() << to_string(problem);
            continue;
        }
        for (const auto& outcome : run_tests(tests, planner, {})) {
            for (const auto& difference : outcome.differences)
                ADD_FAILURE() << outcome.name << ": " << difference;
        }
    }
}

TEST(PlaybookTest, SaysWhatWasExpectedAndWhatWasFound) {
    Problems problems;
    auto library = PlaybookLibrary::create(default_playbooks(problems));
    ASSERT_TRUE(library);
    const PlaybookTests tests{{{.name = "wrong",
                                .incident = {.cause = model::CauseKind::crash,
                                             .service = model::ServiceId{"db"},
                                             .instance = model::InstanceId{"db-1"}},
                                .expect = {.playbook = "throttle",
                                           .steps = std::vector<std::string>{"restart db"},
                                           .verdict = model::Decision::allow}}}};
    const auto deny = [](const model::Plan&, const TargetState&) {
        return model::Verdict{.reasons = {{.rule = "stopped", .text = "the stop switch is on"}}};
    };
    const auto outcomes = run_tests(tests, Planner(*std::move(library)), deny);
    EXPECT_EQ(
        outcomes.at(0).differences,
        (std::vector<std::string>{"expected playbook throttle, found restart-instance@1",
                                  "expected steps [restart db], found [restart db/db-1]",
                                  "expected verdict allow, found deny; stopped: the stop switch is on"}));
}

}  // namespace
}  // namespace homeostat::plan
