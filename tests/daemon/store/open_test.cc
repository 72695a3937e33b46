// Opening: whose folder it is, who else has it, and which schema the file has.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "daemon/store/folder_lock.h"
#include "daemon/store/migrations.h"
#include "tests/daemon/store/store_fixture.h"

namespace rollcall::store {
namespace {

mode_t mode_of(const std::string& path) {
    struct stat about {};
    EXPECT_EQ(::stat(path.c_str(), &about), 0) << path;
    return about.st_mode & 07777;
}

TEST(Open, ShutsTheFolderAndItsFiles) {
    const TemporaryFolder parent;
    const std::string folder = parent.path() + "/state";
    const mode_t before = ::umask(0);
    {
        auto store = open_or_fail(folder);
        ASSERT_TRUE(ok(store->commit({.trail = {entry(1)}})));
        EXPECT_EQ(mode_of(folder), 0700U);
        for (const char* name : {"rollcall.db", "rollcall.db-wal", "rollcall.db-shm", "rollcall.lock"})
            EXPECT_EQ(mode_of(folder + "/" + name), 0600U) << name;
    }
    ASSERT_EQ(::chmod(folder.c_str(), 0755), 0);
    ASSERT_EQ(::chmod((folder + "/rollcall.db").c_str(), 0644), 0);
    auto store = open_or_fail(folder);
    ::umask(before);
    EXPECT_EQ(mode_of(folder), 0700U);
    EXPECT_EQ(mode_of(folder + "/rollcall.db"), 0600U);
}

TEST(Open, SaysWhatIsWrongWithTheFolder) {
    const TemporaryFolder parent;
    const auto missing = open_sqlite_store(parent.path() + "/no/such");
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().text().find("/no/such"), std::string::npos);
    std::ofstream(parent.path() + "/file") << "x";
    const auto file = open_sqlite_store(parent.path() + "/file");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().text(), parent.path() + "/file is not a folder");
}

TEST(Open, SaysThatItsNameLeadsElsewhere) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    ASSERT_TRUE(ok(store->commit({.trail = {entry(1)}})));
    EXPECT_EQ(store->misplaced(), "");
    const std::string aside = folder.path() + "/aside";
    ASSERT_EQ(::rename(folder.database().c_str(), aside.c_str()), 0);
    EXPECT_NE(store->misplaced().find("rollcall.db is not there any more"), std::string::npos)
        << store->misplaced();
    std::ofstream(folder.database()) << "another";
    EXPECT_NE(store->misplaced().find("rollcall.db is another file"), std::string::npos)
        << store->misplaced();
    ASSERT_EQ(::rename(aside.c_str(), folder.database().c_str()), 0);
    EXPECT_EQ(store->misplaced(), "");
    ASSERT_TRUE(ok(store->commit({.trail = {entry(2)}})));
    EXPECT_EQ(store->misplaced(), "");
}

TEST(Open, RefusesAFileThatIsNoDatabase) {
    const TemporaryFolder folder;
    std::ofstream(folder.database()) << std::string(5000, 'x');
    const auto store = open_sqlite_store(folder.path());
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().kind, ErrorKind::io);
    EXPECT_NE(store.error().message.find("not a database"), std::string::npos) << store.error().message;
}

TEST(Lock, RefusesASecondOpenerAndNamesTheFirst) {
    const TemporaryFolder folder;
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const auto store = open_sqlite_store(folder.path());
        if (!store || ::write(pipe[1], "x", 1) != 1) ::_exit(1);
        while (true) ::pause();
    }
    ::close(pipe[1]);
    char byte = 0;
    ASSERT_EQ(::read(pipe[0], &byte, 1), 1);
    ::close(pipe[0]);
    const auto refused = open_sqlite_store(folder.path());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    EXPECT_EQ(refused.error().message,
              "another rollcall (process " + std::to_string(child) + ") uses this state folder");
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_TRUE(open_sqlite_store(folder.path()));  // the lock went with its process
}

TEST(Lock, RefusesASecondOpenerInTheSameProcess) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    EXPECT_EQ(open_sqlite_store(folder.path()).error().kind, ErrorKind::conflict);
    store.reset();
    EXPECT_TRUE(open_sqlite_store(folder.path()));
}

std::vector<std::string> applied(Database& database) {
    std::vector<std::string> names;
    EXPECT_TRUE(
        ok(database.each("SELECT number, name FROM schema_version ORDER BY number", [&](const Row& row) {
            names.push_back(std::to_string(row.integer(0)) + " " + std::string(row.text(1)));
            return Status{};
        })));
    return names;
}

std::unique_ptr<Database> empty_database(const TemporaryFolder& folder) {
    EXPECT_TRUE(ok(make_private_file(folder.path(), "rollcall.db")));
    auto database = Database::open(folder.database());
    EXPECT_TRUE(database);
    return std::move(*database);
}

TEST(Migrate, RunsEveryStepOnceFromWhereverTheFileStands) {
    ASSERT_GE(migrations().size(), 2U);
    for (std::size_t had = 0; had <= migrations().size(); ++had) {
        const TemporaryFolder folder;
        {
            auto database = empty_database(folder);
            ASSERT_TRUE(ok(migrate(*database, migrations().first(had))));
            EXPECT_EQ(applied(*database).size(), had);
        }
        { auto store = open_or_fail(folder.path()); }
        auto database = Database::open(folder.database());
        const std::vector<std::string> names = applied(**database);
        ASSERT_EQ(names.size(), migrations().size());
        EXPECT_EQ(names.front(), "1 001_initial");
    }
}

std::vector<std::string> copies(const TemporaryFolder& folder) {
    std::vector<std::string> out;
    for (const auto& file : std::filesystem::directory_iterator(folder.path()))
        if (file.path().filename().string().starts_with("rollcall.db.schema-"))
            out.push_back(file.path().filename().string());
    return out;
}

std::size_t database_of_an_older_program(const TemporaryFolder& folder) {
    const std::size_t had = migrations().size() - 1;
    auto database = empty_database(folder);
    EXPECT_TRUE(ok(migrate(*database, migrations().first(had))));
    return had;
}

TEST(Migrate, WhatOnlyAsksLeavesADatabaseOfAnOlderProgramAsItIs) {
    const TemporaryFolder folder;
    const std::size_t had = database_of_an_older_program(folder);
    const auto refused = open_sqlite_store(folder.path(), Opening::asks);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::refused);
    EXPECT_NE(refused.error().message.find("an older rollcall wrote"), std::string::npos)
        << refused.error().message;
    EXPECT_EQ(applied(**Database::open(folder.database())).size(), had);
    EXPECT_TRUE(copies(folder).empty());
}

TEST(Migrate, KeepsACopyOfWhatWasBeforeUntilSomebodyIsErased) {
    const TemporaryFolder folder;
    const std::size_t had = database_of_an_older_program(folder);
    const std::string name = "rollcall.db.schema-" + std::to_string(had);
    {
        auto store = open_or_fail(folder.path());
        EXPECT_NE(store->upgraded().find(name), std::string::npos) << store->upgraded();
    }
    ASSERT_EQ(copies(folder), std::vector{name});
    struct stat status {};
    ASSERT_EQ(::stat((folder.path() + "/" + name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    EXPECT_EQ(applied(**Database::open(folder.path() + "/" + name)).size(), had);
    auto store = open_or_fail(folder.path());
    EXPECT_EQ(store->upgraded(), "");
    Turn turn;
    turn.person_keys.push_back({1, {}, {}, "@anna:corp.example"});
    turn.erased_keys.push_back(1);
    ASSERT_TRUE(ok(store->commit(turn)));
    EXPECT_TRUE(copies(folder).empty()) << "or what was erased is there still";
}

TEST(Migrate, AStepThatFailsLeavesNothingOfItself) {
    const TemporaryFolder folder;
    auto database = empty_database(folder);
    const std::vector<Migration> steps = {
        {1, "001_good", "CREATE TABLE a (x TEXT) STRICT;"},
        {2, "002_bad", "CREATE TABLE b (x TEXT) STRICT; INSERT INTO nowhere VALUES (1);"}};
    EXPECT_FALSE(migrate(*database, steps));
    EXPECT_EQ(applied(*database), std::vector<std::string>{"1 001_good"});
    EXPECT_TRUE(ok(database->run("SELECT x FROM a")));
    EXPECT_FALSE(database->run("SELECT x FROM b"));
}

TEST(Migrate, RefusesWhatANewerProgramWrote) {
    const TemporaryFolder folder;
    { auto store = open_or_fail(folder.path()); }
    {
        auto database = Database::open(folder.database());
        ASSERT_TRUE(
            ok((*database)->run("INSERT INTO schema_version (number, name) VALUES (99, '099_later')")));
    }
    const auto store = open_sqlite_store(folder.path());
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().kind, ErrorKind::refused);
    EXPECT_NE(store.error().message.find("a newer rollcall wrote"), std::string::npos)
        << store.error().message;
    EXPECT_NE(store.error().message.find("schema 99"), std::string::npos) << store.error().message;
}

}  // namespace
}  // namespace rollcall::store
