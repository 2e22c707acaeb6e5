// The server's end of one connection, for scripts that say byte by byte what a foreign server does.
// Blocking, with ten seconds for everything, so that what never comes fails its test. Belongs to
// the thread that runs the script.

import Base
import Glibc

package struct ReceivedRequest: Sendable {
    package let method: String
    package let target: String
    /// Names in lower case.
    package let fields: [(name: String, value: String)]
    package let body: [UInt8]
    /// Nanoseconds of the monotonic clock.
    package let receivedAt: UInt64

    package func value(_ name: String) -> String? { fields.first { $0.name == name }?.value }
    package var text: String { String(decoding: body, as: UTF8.self) }
}

package final class Peer {
    /// Which connection of its server this is, from 0.
    package let index: Int
    package let descriptor: CInt
    private var unread: [UInt8] = []
    private var isClosed = false

    init(_ descriptor: CInt, index: Int) {
        self.descriptor = descriptor
        self.index = index
        var time = timeval(tv_sec: 10, tv_usec: 0)
        let length = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, length)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, length)
        var one: CInt = 1
        unsafe setsockopt(
            descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one,
            socklen_t(MemoryLayout<CInt>.size))
    }

    deinit { close() }

    // MARK: Reading.

    /// The next request with its body; nil when the connection ends.
    package func request() -> ReceivedRequest? {
        guard let end = head() else { return nil }
        let lines = String(decoding: unread[..<end], as: UTF8.self).split(
            separator: "\r\n", omittingEmptySubsequences: true)
        unread.removeFirst(end)
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3 else { return nil }
        var fields: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? parts[1].drop { $0 == " " } : ""
            fields.append((parts[0].lowercased(), String(value)))
        }
        let length = fields.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
        while unread.count < length { if !receive() { return nil } }
        let body = Array(unread.prefix(length))
        unread.removeFirst(length)
        return ReceivedRequest(
            method: String(words[0]), target: String(words[1]), fields: fields, body: body,
            receivedAt: Clock.monotonicNanoseconds())
    }

    /// Where the head ends, its empty line included.
    private func head() -> Int? {
        var searched = 0
        while true {
            while searched + 4 <= unread.count {
                if unread[searched..<searched + 4].elementsEqual([13, 10, 13, 10]) {
                    return searched + 4
                }
                searched += 1
            }
            if !receive() { return nil }
        }
    }

    private func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let got = unsafe buffer.withUnsafeMutableBytes {
            unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
        }
        if got <= 0 { return false }
        unread += buffer.prefix(got)
        return true
    }

    /// Waits until the other side closes or resets; when that was seen, on the monotonic clock.
    package func waitForEnd() -> UInt64? {
        var byte: UInt8 = 0
        while true {
            let got = unsafe recv(descriptor, &byte, 1, 0)
            if got > 0 { continue }
            let isTimeOut = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)
            return isTimeOut ? nil : Clock.monotonicNanoseconds()
        }
    }

    // MARK: Writing.

    /// False when the other side does not take all of it.
    @discardableResult
    package func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let part = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(
                    descriptor, $0.baseAddress.map { unsafe $0 + sent }, bytes.count - sent,
                    CInt(MSG_NOSIGNAL))
            }
            if part <= 0 { return false }
            sent += part
        }
        return true
    }

    @discardableResult
    package func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// One chunk of a chunked body.
    @discardableResult
    package func sendChunk(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return send(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + [13, 10])
    }

    /// The end of a chunked body.
    @discardableResult
    package func endChunks() -> Bool { send("0\r\n\r\n") }

    /// A whole reply with its length.
    @discardableResult
    package func reply(_ status: Int, _ body: String, fields: [String] = []) -> Bool {
        var head = "HTTP/1.1 \(status) Whatever\r\nContent-Length: \(body.utf8.count)\r\n"
        for field in fields { head += field + "\r\n" }
        return send(head + "\r\n" + body)
    }

    /// How many zero bytes the other side and the kernels between take before nothing moves for
    /// `milliseconds`; at most `most`.
    package func sendUntilStuck(milliseconds: CInt, most: Int) -> Int {
        let block = [UInt8](repeating: 0, count: 65_536)
        var sent = 0
        while sent < most {
            var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard unsafe poll(&wait, 1, milliseconds) == 1 else { break }
            let part = unsafe block.withUnsafeBytes {
                unsafe Glibc.send(
                    descriptor, $0.baseAddress, min(block.count, most - sent),
                    CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
            }
            if part <= 0 { break }
            sent += part
        }
        return sent
    }

    // MARK: Ending.

    package func close() {
        if isClosed { return }
        isClosed = true
        Glibc.shutdown(descriptor, CInt(SHUT_RDWR))
    }

    /// Ends with a reset instead of a close.
    package func reset() {
        var wait = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &wait, socklen_t(MemoryLayout<linger>.size))
        isClosed = true
    }
}
