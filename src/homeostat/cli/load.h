// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "homeostat/base/document.h"
#include "homeostat/base/result.h"
#include "homeostat/config/config.h"
#include "homeostat/detect/forest_model.h"
#include "homeostat/plan/playbook.h"

namespace homeostat::cli {

/// What a configuration file and the files that it names give.
struct Loaded {
    config::Config config;
    std::vector<plan::Playbook> playbooks;
    Problems problems;

    [[nodiscard]] bool usable() const { return !has_errors(problems); }
};

/// Reads and checks a configuration file, its playbooks and its saved model; all problems of all files at
/// once.
[[nodiscard]] Loaded load(const std::string& file);

/// The *.yaml and *.yml files among `paths`: files as they are, directories without those below them, in
/// order of their names. A path that is not there is a problem.
[[nodiscard]] std::vector<std::string> yaml_files(const std::vector<std::string>& paths, Problems& problems);

/// Reads a saved model. Errors: `not_found` when the file cannot be read, and those of ForestModel::load.
[[nodiscard]] Result<detect::ForestModel> load_model(const std::string& file);

/// Reads playbooks, one or more documents a file, and checks them one by one and against each other.
[[nodiscard]] std::vector<plan::Playbook> load_playbooks(const std::vector<std::string>& files,
                                                         Problems& problems);

}  // namespace homeostat::cli
