// SPDX-License-Identifier: Apache-2.0
#include "homeostat/demo/cluster_shop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace homeostat::demo {
namespace {

TEST(ProcessesOf, FindsThoseWhoseControlGroupBearsTheName) {
    std::string group;
    std::getline(std::ifstream("/proc/self/cgroup"), group);  // "4:memory:/some/group" of ours
    const auto found = processes_of(group);
    EXPECT_TRUE(std::ranges::find(found, ::getpid()) != found.end()) << group;
}

TEST(ProcessesOf, FindsNoneOfAContainerThatIsNotHere) {
    EXPECT_TRUE(processes_of("0123456789abcdef0123456789abcdef").empty());
    EXPECT_TRUE(processes_of("").empty());  // a pod whose container has not been made yet
}

}  // namespace
}  // namespace homeostat::demo
