// SPDX-License-Identifier: Apache-2.0
// The program as an operator meets it: the real binary, its exit codes, and what it says.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "homeostat/base/json.h"
#include "homeostat/base/kit.test.h"
#include "homeostat/base/time.h"

extern char** environ;

namespace homeostat {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using kit::eventually;

std::string text_of(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// A process of the binary; killed if it outlives the test.
class Process {
public:
    Process(const std::vector<std::string>& arguments, const fs::path& out, const fs::path& err) {
        std::vector<std::string> words{HOMEOSTAT_BINARY};
        words.insert(words.end(), arguments.begin(), arguments.end());
        std::vector<char*> argv;
        for (auto& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        posix_spawn_file_actions_t files;
        posix_spawn_file_actions_init(&files);
        constexpr int kNew = O_WRONLY | O_CREAT | O_TRUNC;
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, out.c_str(), kNew, 0600);
        posix_spawn_file_actions_addopen(&files, STDERR_FILENO, err.c_str(), kNew, 0600);
        if (posix_spawn(&pid_, argv.front(), &files, nullptr, argv.data(), environ) != 0) pid_ = 0;
        posix_spawn_file_actions_destroy(&files);
    }
    ~Process() {
        if (pid_ == 0) return;
        kill(pid_, SIGKILL);
        wait();
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    void send(int signal) const { kill(pid_, signal); }

    /// The exit code, or minus the signal that killed it.
    int wait() {
        int status = 0;
        waitpid(std::exchange(pid_, 0), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

private:
    pid_t pid_ = 0;
};

struct Outcome {
    int code = 0;
    std::string out;
    std::string err;
};

class Operator : public testing::Test {
protected:
    Operator() {
        fs::remove_all(folder_);
        fs::create_directories(folder_);
    }
    ~Operator() override { fs::remove_all(folder_); }

    [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }

    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name) << text;
        return at(name);
    }

    /// A configuration whose servers choose their ports.
    [[nodiscard]] std::string config(const std::string& data_dir, const std::string& port = "0") const {
        return write("config.yaml", fmt::format("node: {{data_dir: {}}}\n"
                                                "ingest:\n"
                                                "  otlp_grpc: {{listen: '127.0.0.1:0'}}\n"
                                                "  otlp_http: {{listen: '127.0.0.1:0'}}\n"
                                                "graph:\n"
                                                "  edges: [{{caller: web, callee: db}}]\n"
                                                "api: {{listen: '127.0.0.1:{}'}}\n",
                                                data_dir, port));
    }
    [[nodiscard]] std::string data_dir() const { return at("data"); }

    [[nodiscard]] Outcome call(const std::vector<std::string>& arguments) const {
        Process process(arguments, at("out"), at("err"));
        const int code = process.wait();
        return {code, text_of(at("out")), text_of(at("err"))};
    }

    /// The same against the running node.
    [[nodiscard]] Outcome ask(std::vector<std::string> arguments) const {
        arguments.insert(arguments.end(), {"--api", api_});
        return call(arguments);
    }

    /// Starts a node and waits until it says where it listens.
    [[nodiscard]] std::unique_ptr<Process> start() {
        auto node = std::make_unique<Process>(std::vector<std::string>{"run", "-c", config(data_dir())},
                                              at("node.out"), at("node.err"));
        EXPECT_TRUE(eventually([&] { return find_api(); })) << text_of(at("node.err"));
        return node;
    }

    /// Publishes `count` seconds of a service, the last of which is now.
    void feed(const std::string& service, int count) const {
        const EventTime now{std::chrono::system_clock::now().time_since_epoch()};
        std::string lines;
        for (int i = count; i-- > 0;) {
            lines += fmt::format(
                R"({{"service":"{}","timestamp":"{}","latencies_ms":[12.5,8],"responses":[{{"status":200}}],)"
                R"("cpu_percent":12,"memory_mb":64}})"
                "\n",
                service, format_rfc3339(now - std::chrono::milliseconds{100 * i}));
        }
        const auto outcome = ask({"events", write("events.jsonl", lines + "{\"broken\n")});
        EXPECT_EQ(outcome.code, 0) << outcome.err;
    }

    [[nodiscard]] bool is_stopped() const {
        return ask({"status"}).out.find("stopped by ann") != std::string::npos;
    }

    std::string api_;  // where the node listens

private:
    bool find_api() {
        std::ifstream log(folder_ / "node.err");
        for (std::string line; std::getline(log, line);) {
            const auto json = json::parse(line);
            const auto* api = json ? json->find("api") : nullptr;
            if (api == nullptr || log.eof()) continue;
            api_ = *api->as_string();
            return true;
        }
        return false;
    }

    const fs::path folder_ = fs::temp_directory_path() / fmt::format("homeostat-run-{}", ::getpid());
};

TEST_F(Operator, RunsWatchesAndStopsANode) {
    auto node = start();
    const auto status = ask({"status"});
    EXPECT_EQ(status.code, 0) << status.err;
    EXPECT_NE(status.out.find("ready"), std::string::npos) << status.out;
    feed("web", 20);
    EXPECT_TRUE(
        eventually([&] { return ask({"graph", "-o", "json"}).out.find("last_seen") != std::string::npos; }));
    EXPECT_NE(ask({"graph"}).out.find("declared"), std::string::npos);
    EXPECT_NE(ask({"graph", "--upstream", "db"}).out.find("web"), std::string::npos);
    EXPECT_NE(ask({"graph", "--path", "web", "db"}).out.find("db"), std::string::npos);
    EXPECT_NE(ask({"graph", "--dot"}).out.find("digraph"), std::string::npos);
    EXPECT_EQ(ask({"graph", "--upstream", "nobody"}).code, 1);
    EXPECT_EQ(ask({"incidents", "-o", "json"}).out, "[]\n");
    EXPECT_EQ(ask({"anomalies"}).code, 0);
    const auto absent = ask({"incident", "inc-7"});
    EXPECT_EQ(absent.code, 1);
    EXPECT_NE(absent.err.find("no incident is at"), std::string::npos) << absent.err;
    EXPECT_EQ(ask({"approve", "inc-7", "--reason", "yes", "--by", "ann"}).code, 1);
    node->send(SIGTERM);
    EXPECT_EQ(node->wait(), 0) << text_of(at("node.err"));
    EXPECT_NE(text_of(at("node.err")).find("stopped"), std::string::npos);
}

TEST_F(Operator, KeepsEveryDecisionOverAKillAtAnyMoment) {
    auto node = start();
    EXPECT_EQ(ask({"stop", "--reason", "game day", "--by", "ann"}).code, 0);
    EXPECT_TRUE(eventually([&] { return is_stopped(); }));
    feed("web", 5);
    node->send(SIGKILL);
    EXPECT_EQ(node->wait(), -SIGKILL);
    node = start();
    EXPECT_TRUE(is_stopped());
    const auto live = call({"replay", data_dir()});  // while it runs
    EXPECT_EQ(live.code, 0) << live.out << live.err;
    EXPECT_EQ(ask({"resume", "--reason", "over", "--by", "ann"}).code, 0);
    EXPECT_TRUE(eventually([&] { return !is_stopped(); }));
    node->send(SIGINT);
    EXPECT_EQ(node->wait(), 0) << text_of(at("node.err"));
    const auto verified = call({"audit", "verify", "--data-dir", data_dir()});
    EXPECT_EQ(verified.code, 0) << verified.err;
    EXPECT_NE(verified.out.find("3 audit records"), std::string::npos)
        << verified.out;  // started, stop, resume
    const auto replayed = call({"replay", data_dir()});
    EXPECT_EQ(replayed.code, 0) << replayed.out << replayed.err;
    EXPECT_NE(replayed.out.find("every decision is the same"), std::string::npos) << replayed.out;
}

TEST_F(Operator, IsToldEveryProblemOfAConfiguration) {
    const auto file = write("bad.yaml", "node: {nmae: x}\nfeatures: {stale_after: 5}\n");
    const auto outcome = call({"run", "-c", file});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("node.nmae"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("features.stale_after"), std::string::npos) << outcome.err;
}

TEST_F(Operator, IsToldTheCureForAPortInUse) {
    const auto node = start();
    const auto outcome = call({"run", "-c", config(at("second"), api_.substr(api_.rfind(':') + 1))});
    EXPECT_EQ(outcome.code, 3);
    EXPECT_NE(outcome.err.find("the port is in use"), std::string::npos) << outcome.err;
}

TEST_F(Operator, IsToldThatNoNodeAnswers) {
    const auto outcome = call({"status", "--api", "http://127.0.0.1:1"});
    EXPECT_EQ(outcome.code, 3);
    EXPECT_NE(outcome.err.find("homeostat run -c config.yaml"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace homeostat
