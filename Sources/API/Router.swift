// From a path to its routes: an open hash table over the paths, which are all fixed texts. Built
// once; looking a path up hashes its bytes and compares them once.

import Base
package import Chat
package import Wire

/// Why a handler refuses. (The compiler sees a use of the import only in a name like this, not in
/// `throws`.)
package typealias HandlerFailure = Failure

package struct Route: Sendable {
    package enum Access: Sendable {
        case anyone
        case user
        case admin
    }

    package let method: HTTPMethod
    package let path: String
    package let access: Access
    package let handler: @Sendable (Exchange) throws(Failure) -> Outcome

    package init(
        _ method: HTTPMethod, _ path: String, _ access: Access,
        _ handler: @escaping @Sendable (Exchange) throws(Failure) -> Outcome
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.handler = handler
    }
}

package struct Router: Sendable {
    package enum Match: Sendable {
        case route(Int)
        /// The path is known, with other methods only: the value of `Allow`.
        case otherMethods(String)
        case none
    }

    package let routes: [Route]
    /// Indices into `paths`, plus 1.
    private var buckets: [Int]
    private var paths: [(path: String, routes: [Int])] = []

    package init(_ routes: [Route]) {
        self.routes = routes
        var size = 16
        while size < routes.count * 3 { size *= 2 }
        buckets = Array(repeating: 0, count: size)
        for index in routes.indices { add(index) }
    }

    private mutating func add(_ index: Int) {
        let path = routes[index].path
        if let known = paths.firstIndex(where: { $0.path == path }) {
            precondition(
                !paths[known].routes.contains { routes[$0].method == routes[index].method },
                "a route twice")
            paths[known].routes.append(index)
            return
        }
        var place = Self.hash(path.utf8.span) & (buckets.count - 1)
        while buckets[place] != 0 { place = (place + 1) & (buckets.count - 1) }
        paths.append((path, [index]))
        buckets[place] = paths.count
    }

    private static func hash(_ path: Span<UInt8>) -> Int {
        Int(truncatingIfNeeded: ByteHash.of(path) & 0x7fff_ffff)
    }

    /// HEAD is answered wherever GET is.
    package func match(_ method: HTTPMethod, _ path: Span<UInt8>) -> Match {
        var place = Self.hash(path) & (buckets.count - 1)
        while buckets[place] != 0 {
            let found = paths[buckets[place] - 1]
            if Self.isEqual(found.path.utf8.span, path) { return match(method, found.routes) }
            place = (place + 1) & (buckets.count - 1)
        }
        return .none
    }

    private static func isEqual(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
        guard a.count == b.count else { return false }
        for index in a.indices where a[index] != b[index] { return false }
        return true
    }

    private func match(_ method: HTTPMethod, _ indices: [Int]) -> Match {
        let wanted = method == .head ? .get : method
        if let index = indices.first(where: { routes[$0].method == wanted }) {
            return .route(index)
        }
        var allowed: [String] = []
        for index in indices {
            allowed.append("\(routes[index].method.name)")
            if routes[index].method == .get { allowed.append("HEAD") }
        }
        allowed.append("OPTIONS")
        return .otherMethods(allowed.joined(separator: ", "))
    }
}
