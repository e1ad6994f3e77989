// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/graphstore/sqlite_graph_store.h"

#include <sqlite3.h>

#include <cerrno>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "homeostat/base/json.h"

namespace homeostat::adapters {

namespace {

constexpr int kSchemaVersion = 1;
constexpr int kBusyMilliseconds = 1000;
constexpr const char* kSchema = R"(
    CREATE TABLE IF NOT EXISTS node (service TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS edge (caller TEXT, callee TEXT, record TEXT NOT NULL,
                                     PRIMARY KEY (caller, callee)) WITHOUT ROWID;
    PRAGMA user_version = 1;)";

struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

}  // namespace

/// The connection; every call that fails becomes an `Error` with SQLite's own words and the file's name.
class SqliteGraphStore::Database {
public:
    explicit Database(std::string path) : path_(std::move(path)) {}
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database() { sqlite3_close(handle_); }

    Result<> open() {
        if (sqlite3_open(path_.c_str(), &handle_) != SQLITE_OK) return failure("cannot be opened");
        sqlite3_busy_timeout(handle_, kBusyMilliseconds);
        HOMEOSTAT_TRY(const int version, user_version());
        if (version > kSchemaVersion) {
            return fail(ErrorCode::failed_precondition,
                        "the graph store " + path_ + " has schema version " + std::to_string(version) +
                            ", this program knows " + std::to_string(kSchemaVersion) +
                            ": use the newer program");
        }
        return run(std::string("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;") + kSchema);
    }

    Result<> run(const std::string& sql) {
        if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
            return failure("failed");
        return {};
    }

    Result<Statement> prepare(std::string_view sql) {
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr) !=
            SQLITE_OK)
            return failure("failed");
        return Statement(statement);
    }

    /// Runs a statement that gives no rows, with its parameters in order.
    Result<> execute(sqlite3_stmt* statement, std::initializer_list<std::string_view> parameters) {
        int number = 0;
        for (const auto parameter : parameters) {
            sqlite3_bind_text(statement, ++number, parameter.data(), static_cast<int>(parameter.size()),
                              SQLITE_STATIC);  // outlives the step below
        }
        const int code = sqlite3_step(statement);
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
        if (code != SQLITE_DONE) return failure("failed");
        return {};
    }

    /// Decodes the only column of each row.
    template <class T>
    Result<std::vector<T>> read(std::string_view sql) {
        HOMEOSTAT_TRY(const auto statement, prepare(sql));
        std::vector<T> rows;
        int code = sqlite3_step(statement.get());
        for (; code == SQLITE_ROW; code = sqlite3_step(statement.get())) {
            const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), 0));
            const void* text = sqlite3_column_blob(statement.get(), 0);
            const auto document = json::parse({static_cast<const char*>(text), size});
            auto record = document ? from_json<T>(*document) : Result<T>(std::unexpected(document.error()));
            if (!record) {
                return fail(ErrorCode::data_loss, "the graph store " + path_ +
                                                      " holds a damaged record: " + record.error().message);
            }
            rows.push_back(*std::move(record));
        }
        if (code != SQLITE_DONE) return failure("failed");
        return rows;
    }

private:
    Result<int> user_version() {
        HOMEOSTAT_TRY(const auto statement, prepare("PRAGMA user_version"));
        if (sqlite3_step(statement.get()) != SQLITE_ROW) return failure("cannot be read");
        return sqlite3_column_int(statement.get(), 0);
    }

    [[nodiscard]] std::unexpected<Error> failure(std::string_view what) const {
        const int code = sqlite3_errcode(handle_);
        const bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
        return fail(damaged     ? ErrorCode::data_loss
                    : is_full() ? ErrorCode::resource_exhausted
                                : ErrorCode::unavailable,
                    "the graph store " + path_ + " " + std::string(what) + ": " + sqlite3_errmsg(handle_) +
                        (is_full() ? "; free some space" : ""));
    }

    /// Whether it failed since the disk, or the share of it that is ours, is full.
    [[nodiscard]] bool is_full() const {
        const int code = sqlite3_errcode(handle_);
        const int system = sqlite3_system_errno(handle_);
        return code == SQLITE_FULL || (code == SQLITE_IOERR && (system == EFBIG || system == EDQUOT));
    }

    std::string path_;
    sqlite3* handle_ = nullptr;
};

SqliteGraphStore::SqliteGraphStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
SqliteGraphStore::~SqliteGraphStore() = default;

Result<std::unique_ptr<SqliteGraphStore>> SqliteGraphStore::open(const std::string& path) {
    auto database = std::make_unique<Database>(path);
    if (auto opened = database->open(); !opened) return std::unexpected(std::move(opened).error());
    return std::unique_ptr<SqliteGraphStore>(new SqliteGraphStore(std::move(database)));
}

Result<> SqliteGraphStore::save(const graph::Records& records) {
    HOMEOSTAT_TRY(const auto node_row, database_->prepare("INSERT OR REPLACE INTO node VALUES (?, ?)"));
    HOMEOSTAT_TRY(const auto edge_row, database_->prepare("INSERT OR REPLACE INTO edge VALUES (?, ?, ?)"));
    if (auto begun = database_->run("BEGIN IMMEDIATE"); !begun) return begun;
    Result<> written;
    for (const auto& node : records.nodes) {
        if (!written) break;
        written = database_->execute(node_row.get(), {node.service.value(), json::to_text(to_json(node))});
    }
    for (const auto& edge : records.edges) {
        if (!written) break;
        written = database_->execute(
            edge_row.get(), {edge.caller.value(), edge.callee.value(), json::to_text(to_json(edge))});
    }
    if (written) written = database_->run("COMMIT");
    if (!written) static_cast<void>(database_->run("ROLLBACK"));
    return written;
}

Result<graph::Records> SqliteGraphStore::load() {
    graph::Records records;
    HOMEOSTAT_TRY(records.nodes, database_->read<graph::Node>("SELECT record FROM node ORDER BY service"));
    HOMEOSTAT_TRY(records.edges,
                  database_->read<graph::Edge>("SELECT record FROM edge ORDER BY caller, callee"));
    return records;
}

}  // namespace homeostat::adapters
