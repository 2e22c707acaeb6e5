// TLS: a certificate must be one of an authority that is trusted, and for the name that was asked.
// The server is OpenSSL's, with a certificate made for the run.

import Base
import COpenSSL
import Glibc
import Outbound
import TestSupport
import Testing

@Suite struct SecurityTests {
    /// A key and a certificate signed with it, for 127.0.0.1 and `localhost`.
    @safe
    struct Identity: ~Copyable {
        let context: OpaquePointer
        /// The certificate as PEM.
        let file: String

        init() throws {
            let key = unsafe try #require(unsafe makeKey())
            let certificate = unsafe try #require(unsafe X509_new())
            unsafe X509_set_version(certificate, 2)
            unsafe ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1)
            unsafe X509_gmtime_adj(X509_getm_notBefore(certificate), -3_600)
            unsafe X509_gmtime_adj(X509_getm_notAfter(certificate), 3_600)
            let name = unsafe X509_get_subject_name(certificate)
            unsafe X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, "lingxi test", -1, -1, 0)
            unsafe X509_set_issuer_name(certificate, name)
            for (kind, value) in [
                (NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost"),
                (NID_basic_constraints, "critical,CA:TRUE"),
            ] {
                let field = unsafe X509V3_EXT_conf_nid(nil, nil, kind, value)
                unsafe X509_add_ext(certificate, field, -1)
                unsafe X509_EXTENSION_free(field)
            }
            unsafe X509_set_pubkey(certificate, key)
            unsafe X509_sign(certificate, key, EVP_sha256())
            unsafe context = unsafe try #require(unsafe SSL_CTX_new(TLS_server_method()))
            unsafe SSL_CTX_use_certificate(context, certificate)
            unsafe SSL_CTX_use_PrivateKey(context, key)
            file = "/tmp/lingxi-test-\(getpid())-\(Random.bytes(6).map { String($0) }.joined()).pem"
            let output = unsafe BIO_new_file(file, "w")
            unsafe PEM_write_bio_X509(output, certificate)
            unsafe BIO_free(output)
            unsafe X509_free(certificate)
            unsafe EVP_PKEY_free(key)
        }

        deinit {
            unsafe unlink(file)
            unsafe SSL_CTX_free(context)
        }
    }

    /// Answers one request over TLS.
    @safe
    final class Server: Sendable {
        nonisolated(unsafe) let context: OpaquePointer
        init(_ context: OpaquePointer) { unsafe self.context = unsafe context }

        func serve(_ peer: Peer) {
            guard let session = unsafe SSL_new(context) else { return }
            defer { unsafe SSL_free(session) }
            unsafe SSL_set_fd(session, peer.descriptor)
            guard unsafe SSL_accept(session) == 1 else { return }
            var buffer = [UInt8](repeating: 0, count: 4_096)
            _ = unsafe SSL_read(session, &buffer, 4_096)
            let reply = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret"
            _ = unsafe SSL_write(session, reply, CInt(reply.utf8.count))
            _ = unsafe SSL_shutdown(session)
            _ = peer.waitForEnd()
        }
    }

    @Test(arguments: [
        ("127.0.0.1", true, CallEnd.complete), ("localhost", true, .complete),
        ("127.0.0.1", false, .tlsFailed), ("127.0.0.2", true, .tlsFailed),
    ])
    func onlyTrustedServersAreBelieved(host: String, isTrusted: Bool, end: CallEnd) throws {
        let identity = try Identity()
        let tls = unsafe Server(identity.context)
        var settings = OutboundSettings()
        if isTrusted { settings.authorityFile = identity.file }
        try withServer(settings, host: "0.0.0.0", script: tls.serve) { loop, server in
            let recording = Recording()
            _ = try loop.start(get("https://\(host):\(server.port)/"), recording)
            let log = recording.finish()
            #expect(log.end == end, "\(log.detail)")
            #expect(log.text == (end == .complete ? "secret" : ""))
        }
    }

    @Test func aServerThatSpeaksNoTLSIsATLSFailure() throws {
        try withServer { peer in
            peer.send("HTTP/1.1 400 Bad Request\r\n\r\n")
            _ = peer.waitForEnd()
        } _: { loop, server in
            let recording = Recording()
            _ = try loop.start(get("https://127.0.0.1:\(server.port)/"), recording)
            #expect(recording.finish().end == .tlsFailed)
        }
    }
}

/// A key on the curve P-256 (EVP_EC_gen is a macro).
@unsafe
private func makeKey() -> OpaquePointer? {
    let context = unsafe EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil)
    defer { unsafe EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard unsafe EVP_PKEY_keygen_init(context) == 1,
        unsafe EVP_PKEY_CTX_set_group_name(context, "prime256v1") == 1,
        unsafe EVP_PKEY_keygen(context, &key) == 1
    else { return nil }
    return unsafe key
}
