// Notification: an open search that says when something below the domain's root changed
// (MS-ADTS 3.1.1.3.4.1.9).
//
// A wake-up, never the truth: what it sends is thrown away and drain() looks. One for each connection; it
// ends with the connection, or when the server ends it. Owned by the thread that owns the connection.
#pragma once

#include <chrono>

#include "bridges/directory/connection.h"

namespace rollcall::directory {

class Notification {
  public:
    // Sends the search. Whether the server takes it shows later: a refusal is an end.
    [[nodiscard]] static Result<Notification> start(Connection& connection, const Settings& settings);

    enum class Event { changed, quiet, ended };
    // Waits for the first change and takes in all that have come with it. An Error: the connection is lost.
    [[nodiscard]] Result<Event> wait(std::chrono::milliseconds limit);

  private:
    Notification(Connection& connection, int id) : connection_(&connection), id_(id) {}
    Connection* connection_;
    int id_;
};

}  // namespace rollcall::directory
