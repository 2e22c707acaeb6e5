// The reference that the server is measured against: the least that a message hub on epoll can do.
//
//     recv ──► unmask ──► append to a buffer ──► (end of turn) one send a connection
//
// It answers the WebSocket handshake, and that is all it knows: no users, no JSON, no numbers, no
// store, no log. In fan-out every text message goes to every client, the sender included; all that
// came within a turn goes out as one send(2) a client. In pairs the messages of client 2k go to
// client 2k + 1 and back to the sender, with a small frame in the form of an ack behind each.
//
//     hub [PORT]          prints "listening port=N"; ends on SIGTERM or SIGINT
//     GET /?member=I&mode=fanout|pairs
//
// Level-triggered, one thread, one shared receive buffer. Frames up to 64 KiB, never fragmented.
// What a slow client does not take is kept for it without limit: it is a measuring device.

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

enum { MEMBERS_MAX = 20000, EVENTS = 1024, RECEIVE = 512 * 1024, HEAD_MAX = 8192 };

struct buffer {
    uint8_t *bytes;
    size_t count, capacity;
};

struct client {
    int fd;
    int member;              // -1 before the handshake
    int pairs;               // mode
    int dirty, wants_write;
    struct buffer rest;      // what came of a frame that is not whole
    struct buffer out;       // pairs: this turn's; both: what the kernel did not take
};

static int epoll;
static struct client *members[MEMBERS_MAX];
static int member_count;                     // one past the highest
static struct client **dirty;
static size_t dirty_count, dirty_capacity;
static struct buffer broadcast;              // this turn's frames for everybody
static uint8_t received[RECEIVE + 65536 + 64];

static const char ack[] =
    "{\"type\":3,\"status\":\"delivered\",\"padding\":\"as long as a real ack: its msg_id and the "
    "numbers that go with it\"}";

static void reserve(struct buffer *buffer, size_t more) {
    if (buffer->capacity - buffer->count >= more) return;
    size_t capacity = buffer->capacity * 2 + more;
    buffer->bytes = realloc(buffer->bytes, capacity);
    if (!buffer->bytes) abort();
    buffer->capacity = capacity;
}

static void append(struct buffer *buffer, const void *bytes, size_t count) {
    reserve(buffer, count);
    memcpy(buffer->bytes + buffer->count, bytes, count);
    buffer->count += count;
}

static void append_frame(struct buffer *buffer, const void *payload, size_t length) {
    uint8_t head[4] = {0x81, (uint8_t)length};
    size_t size = 2;
    if (length > 125) {
        head[1] = 126;
        head[2] = (uint8_t)(length >> 8);
        head[3] = (uint8_t)length;
        size = 4;
    }
    append(buffer, head, size);
    append(buffer, payload, length);
}

static void unmask(uint8_t *bytes, size_t count, const uint8_t key[4]) {
    uint32_t narrow;
    memcpy(&narrow, key, 4);
    uint64_t wide = (uint64_t)narrow << 32 | narrow;
    size_t at = 0;
    for (; at + 8 <= count; at += 8) {
        uint64_t word;
        memcpy(&word, bytes + at, 8);
        word ^= wide;
        memcpy(bytes + at, &word, 8);
    }
    for (; at < count; at++) bytes[at] ^= key[at & 3];
}

static void interest(struct client *client, int write) {
    if (client->wants_write == write) return;
    client->wants_write = write;
    struct epoll_event event = {EPOLLIN | (write ? EPOLLOUT : 0), {.ptr = client}};
    epoll_ctl(epoll, EPOLL_CTL_MOD, client->fd, &event);
}

static void drop(struct client *client) {
    if (client->fd < 0) return;
    close(client->fd);
    client->fd = -1;
    if (client->member >= 0 && members[client->member] == client) members[client->member] = NULL;
    while (member_count > 0 && !members[member_count - 1]) member_count--;
    free(client->rest.bytes);
    free(client->out.bytes);
    client->rest = client->out = (struct buffer){0};
    // The client itself stays: an event of this turn may still name it. One a connection is little.
}

/// Bytes that the kernel took; what it did not take is for the caller to keep.
static size_t put(struct client *client, const uint8_t *bytes, size_t count) {
    ssize_t sent = send(client->fd, bytes, count, MSG_NOSIGNAL);
    if (sent >= 0) return (size_t)sent;
    if (errno != EAGAIN && errno != EINTR) {
        drop(client);
        return count;
    }
    return 0;
}

static void send_out(struct client *client) {
    if (client->fd < 0 || client->out.count == 0) return;
    size_t sent = put(client, client->out.bytes, client->out.count);
    if (client->fd < 0) return;
    client->out.count -= sent;
    if (client->out.count) memmove(client->out.bytes, client->out.bytes + sent, client->out.count);
    interest(client, client->out.count > 0);
}

static void touch(struct client *client) {
    if (client->dirty) return;
    client->dirty = 1;
    if (dirty_count == dirty_capacity) {
        dirty_capacity = dirty_capacity * 2 + 64;
        dirty = realloc(dirty, dirty_capacity * sizeof *dirty);
        if (!dirty) abort();
    }
    dirty[dirty_count++] = client;
}

/// The end of a turn: everything that has gathered leaves, once a client.
static void flush_all(void) {
    if (broadcast.count) {
        for (int index = 0; index < member_count; index++) {
            struct client *client = members[index];
            if (!client || client->pairs) continue;
            if (client->out.count) {
                append(&client->out, broadcast.bytes, broadcast.count);
                continue;
            }
            size_t sent = put(client, broadcast.bytes, broadcast.count);
            if (client->fd >= 0 && sent < broadcast.count) {
                append(&client->out, broadcast.bytes + sent, broadcast.count - sent);
                interest(client, 1);
            }
        }
        broadcast.count = 0;
    }
    for (size_t index = 0; index < dirty_count; index++) {
        dirty[index]->dirty = 0;
        if (!dirty[index]->wants_write) send_out(dirty[index]);
    }
    dirty_count = 0;
}

static void message(struct client *client, const uint8_t *payload, size_t length) {
    if (!client->pairs) {
        append_frame(&broadcast, payload, length);
        return;
    }
    int other = client->member + 1;
    if (other < MEMBERS_MAX && members[other]) {
        append_frame(&members[other]->out, payload, length);
        touch(members[other]);
    }
    append_frame(&client->out, payload, length);
    append_frame(&client->out, ack, sizeof ack - 1);
    touch(client);
}

/// The frames in `bytes`; returns how many bytes are done with.
static size_t frames(struct client *client, uint8_t *bytes, size_t count) {
    size_t at = 0;
    while (client->fd >= 0 && count - at >= 6) {
        size_t length = bytes[at + 1] & 127, head = 6;
        if (length == 126) {
            if (count - at < 8) break;
            length = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
            head = 8;
        }
        if (length == 127 || !(bytes[at + 1] & 128)) {
            drop(client);
            break;
        }
        if (count - at < head + length) break;
        uint8_t *payload = bytes + at + head;
        unmask(payload, length, bytes + at + head - 4);
        switch (bytes[at] & 15) {
        case 1:
        case 2: message(client, payload, length); break;
        case 8: drop(client); break;
        default: break;
        }
        at += head + length;
    }
    return at;
}

static size_t handshake(struct client *client, uint8_t *bytes, size_t count) {
    uint8_t *end = memmem(bytes, count, "\r\n\r\n", 4);
    if (!end) {
        if (count > HEAD_MAX) drop(client);
        return 0;
    }
    *end = 0;
    char *head = (char *)bytes;
    char *key = strcasestr(head, "\r\nSec-WebSocket-Key: ");
    char *number = strstr(head, "member=");
    int member = number ? atoi(number + 7) : -1;
    if (!key || member < 0 || member >= MEMBERS_MAX || members[member]) {
        drop(client);
        return count;
    }
    char text[128];
    snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 21);
    uint8_t digest[SHA_DIGEST_LENGTH];
    SHA1((uint8_t *)text, strlen(text), digest);
    char proof[64];
    EVP_EncodeBlock((uint8_t *)proof, digest, sizeof digest);
    char answer[256];
    int length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", proof);
    client->member = member;
    client->pairs = strstr(head, "mode=pairs") != NULL;
    members[member] = client;
    if (member >= member_count) member_count = member + 1;
    append(&client->out, answer, (size_t)length);
    touch(client);
    return (size_t)(end + 4 - bytes);
}

static void readable(struct client *client) {
    size_t kept = client->rest.count;
    if (kept) memcpy(received, client->rest.bytes, kept);
    ssize_t got = recv(client->fd, received + kept, RECEIVE, 0);
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) drop(client);
        return;
    }
    client->rest.count = 0;
    size_t count = kept + (size_t)got, at = 0;
    if (client->member < 0) at = handshake(client, received, count);
    if (client->fd >= 0 && client->member >= 0)
        at += frames(client, received + at, count - at);
    if (client->fd < 0) return;
    if (count - at > 65536 + 16) {
        drop(client);
    } else if (at < count) {
        append(&client->rest, received + at, count - at);
    }
}

static void accept_all(int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct client *client = calloc(1, sizeof *client);
        if (!client) abort();
        client->fd = fd;
        client->member = -1;
        struct epoll_event event = {EPOLLIN, {.ptr = client}};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

static int listen_on(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, length) || listen(fd, SOMAXCONN)) {
        perror("hub");
        exit(1);
    }
    getsockname(fd, (struct sockaddr *)&address, &length);
    printf("listening port=%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(int count, char **arguments) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    signal(SIGPIPE, SIG_IGN);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on(count > 1 ? atoi(arguments[1]) : 0);
    struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    static struct epoll_event events[EVENTS];
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int index = 0; index < ready; index++) {
            struct client *client = events[index].data.ptr;
            if (!client) {
                accept_all(listener);
                continue;
            }
            if (client->fd >= 0 && events[index].events & EPOLLOUT) send_out(client);
            if (client->fd >= 0 && events[index].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                readable(client);
        }
        flush_all();
    }
}
