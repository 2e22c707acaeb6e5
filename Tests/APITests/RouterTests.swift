// Paths to routes: found by method and whole path, HEAD where GET is, and for a known path with
// another method the list of those it takes.

import API
import Chat
import Testing
import Wire

@Suite struct RouterTests {
    private func route(
        _ method: HTTPMethod, _ path: String, _ access: Route.Access = .user
    ) -> Route {
        Route(method, path, access) { _ throws(Failure) in .upgrade }
    }

    private func match(_ router: Router, _ method: HTTPMethod, _ path: String) -> String {
        switch router.match(method, path.utf8.span) {
        case .route(let index):
            let route = router.routes[index]
            return "\(route.method.name) \(route.path)"
        case .otherMethods(let allowed): return "other: \(allowed)"
        case .none: return "none"
        }
    }

    @Test func findsWhatIsThere() {
        let router = Router([
            route(.get, "/a"), route(.post, "/a"), route(.delete, "/a/b"), route(.put, "/"),
            route(.get, "/only"), route(.post, "/write"),
        ])
        #expect(match(router, .get, "/a") == "GET /a")
        #expect(match(router, .post, "/a") == "POST /a")
        #expect(match(router, .delete, "/a/b") == "DELETE /a/b")
        #expect(match(router, .put, "/") == "PUT /")
        // HEAD is answered wherever GET is, and nowhere else.
        #expect(match(router, .head, "/a") == "GET /a")
        #expect(match(router, .head, "/write") == "other: POST, OPTIONS")
        #expect(match(router, .put, "/a") == "other: GET, HEAD, POST, OPTIONS")
        #expect(match(router, .options, "/only") == "other: GET, HEAD, OPTIONS")
        #expect(match(router, .patch, "/a/b") == "other: DELETE, OPTIONS")
    }

    @Test(arguments: ["", "/", "/A", "/a/", "//a", "/a/b/c", "/a?", "/é", "a", "/a\0", " /a"])
    func otherPathsAreUnknown(path: String) {
        let router = Router([route(.get, "/a"), route(.delete, "/a/b")])
        for method in HTTPMethod.allCases { #expect(match(router, method, path) == "none") }
    }

    @Test func manyRoutesAreAllFound() {
        let paths = (0..<300).map { "/path/\($0)" }
        let router = Router(paths.map { route(.get, $0) })
        for path in paths {
            #expect(match(router, .get, path) == "GET \(path)")
            #expect(match(router, .get, path + "0x") == "none")
            #expect(match(router, .post, path) == "other: GET, HEAD, OPTIONS")
        }
        #expect(match(Router([]), .get, "/") == "none")
    }

    @Test func theSurfaceHasAWayToEveryRoute() {
        let router = Router(Routes.all(APISettings()))
        #expect(router.routes.count > 15)
        for route in router.routes {
            #expect(match(router, route.method, route.path) == "\(route.method.name) \(route.path)")
            #expect(
                route.path.hasPrefix("/api/admin/") == (route.access == .admin)
                    || route.path == "/api/admin/login")
        }
    }
}
