// The whole surface on one screen: every path, who may call it, and where it is handled.

import Chat
import Wire

package enum Routes {
    package static let webSocketPath = "/api/v1/ws"

    package static func all(_ settings: APISettings) -> [Route] {
        var routes = [
            Route(.post, "/api/v1/user/register", .anyone) { e throws(Failure) in try e.register()
            },
            Route(.post, "/api/v1/user/login", .anyone) { e throws(Failure) in try e.signIn() },
            Route(.get, "/api/v1/user/me", .user) { e throws(Failure) in try e.showMe() },
            Route(.put, "/api/v1/user/me", .user) { e throws(Failure) in try e.changeMe() },
            Route(.put, "/api/v1/user/password", .user) { e throws(Failure) in
                try e.changePassword()
            },
            Route(.get, "/api/v1/user/search", .user) { e throws(Failure) in try e.searchUsers() },
            Route(.get, "/api/v1/user/info", .user) { e throws(Failure) in try e.showUser() },
            Route(.get, "/api/v1/user/contacts", .user) { e throws(Failure) in e.contacts() },
            Route(.post, "/api/v1/user/contacts/add", .user) { e throws(Failure) in
                try e.addContact()
            },
            Route(.delete, "/api/v1/user/contacts/delete", .user) { e throws(Failure) in
                try e.removeContact()
            },

            Route(.get, "/api/v1/message/history", .user) { e throws(Failure) in try e.history() },
            Route(.get, "/api/v1/message/conversations", .user) { e throws(Failure) in
                try e.conversations()
            },
            Route(.post, "/api/v1/message/send", .user) { e throws(Failure) in try e.send() },
            Route(.post, "/api/v1/message/read", .user) { e throws(Failure) in try e.markRead() },
            Route(.get, "/api/v1/message/unread", .user) { e throws(Failure) in e.unread() },
            Route(.get, "/api/v1/message/search", .user) { e throws(Failure) in
                try e.searchMessages()
            },
            Route(.post, "/api/v1/message/recall", .user) { e throws(Failure) in try e.recall() },

            Route(.post, "/api/v1/group/create", .user) { e throws(Failure) in
                try e.createGroup()
            },
            Route(.get, "/api/v1/group/mygroups", .user) { e throws(Failure) in try e.myGroups() },
            Route(.get, "/api/v1/group/search", .user) { e throws(Failure) in
                try e.searchGroups()
            },
            Route(.get, "/api/v1/group/info", .user) { e throws(Failure) in try e.showGroup() },
            Route(.get, "/api/v1/group/members", .user) { e throws(Failure) in try e.members() },
            Route(.post, "/api/v1/group/join", .user) { e throws(Failure) in try e.joinGroup() },
            Route(.post, "/api/v1/group/leave", .user) { e throws(Failure) in try e.leaveGroup() },
            Route(.post, "/api/v1/group/invite", .user) { e throws(Failure) in try e.invite() },
            Route(.post, "/api/v1/group/kick", .user) { e throws(Failure) in try e.kick() },
            Route(.put, "/api/v1/group/update", .user) { e throws(Failure) in
                try e.updateGroup()
            },
            Route(.post, "/api/v1/group/dismiss", .user) { e throws(Failure) in
                try e.dismissGroup()
            },

            Route(.post, "/api/admin/login", .anyone) { e throws(Failure) in try e.signInAdmin() },

            Route(.get, webSocketPath, .anyone) { _ throws(Failure) in .upgrade },
            Route(.get, "/healthz", .anyone) { e throws(Failure) in e.health() },
        ]
        if !settings.echoPath.isEmpty {
            routes.append(Route(.get, settings.echoPath, .anyone) { _ throws(Failure) in .upgrade })
        }
        return routes
    }
}
