#include "bridges/directory/notification.h"

#include <string>

#include "bridges/directory/control.h"

namespace rollcall::directory {

namespace {
constexpr int kAtOnce = 10'000;
}

Result<Notification> Notification::start(Connection& connection, const Settings& settings) {
    Controls controls;
    controls.notification();
    controls.show_deleted();  // or a deletion wakes nobody (seen)
    std::string attribute = "objectGUID";
    char* attributes[] = {attribute.data(), nullptr};
    int id = 0;
    const int code =
        ldap_search_ext(connection.handle(), settings.base.c_str(), LDAP_SCOPE_SUBTREE, "(objectClass=*)",
                        attributes, /*attrsonly=*/0, controls.list(), nullptr, nullptr, LDAP_NO_LIMIT, &id);
    if (code != LDAP_SUCCESS) return tl::unexpected<Error>(connection.error(code, "watch for changes", {}));
    return Notification(connection, id);
}

Result<Notification::Event> Notification::wait(std::chrono::milliseconds limit) {
    auto event = Event::quiet;
    for (int taken = 0; taken < kAtOnce; ++taken) {
        // libldap and TLS both buffer: only an empty answer without waiting means that everything was taken.
        const auto message =
            connection_->next(id_, event == Event::quiet ? limit : std::chrono::milliseconds::zero());
        if (!message) return pass(message);
        if (*message == nullptr) return event;
        if (ldap_msgtype(message->get()) == LDAP_RES_SEARCH_RESULT) return Event::ended;
        event = Event::changed;
    }
    return event;  // the rest at the next wait: what changed is to be read meanwhile
}

}  // namespace rollcall::directory
