/* test_capture.c: captures, read back by the small reader of the tests and by tshark. */
#include "trace/capture.h"

#include <pthread.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pcapng_reading.h"

enum { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_PSH = 0x08, TCP_ACK = 0x10 };
enum { LARGEST_APDU_PAIR = 65535 - 20 - 8 - 16, MEBIBYTE = 1024 * 1024 };

static const struct capture_end me = {.address = {10, 0, 0, 1}, .port = 40001, .name = "ME"};
static const struct capture_end bsf = {.address = {10, 0, 0, 2}, .port = 80, .name = "BSF"};

static char directory[64];
static char path[96];

static int make_directory(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof directory, "/tmp/gbau-capture-XXXXXX");
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/test.pcapng", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(directory);
}

static struct capture *open_capture(void)
{
    struct capture *capture = NULL;
    assert_ok(capture_open(path, &capture));
    assert_non_null(capture);
    return capture;
}

static struct read_capture close_and_read(struct capture *capture)
{
    assert_ok(capture_close(capture));
    return read_capture_file(path);
}

static void an_empty_capture_has_its_headers(void **state)
{
    (void)state;
    struct read_capture read = close_and_read(open_capture());
    assert_int_equal(read.linktype, 101);
    assert_int_equal(read.packet_count, 0);
    assert_int_equal(read.name_count, 0);
    assert_memory_equal(read.file, "\x0a\x0d\x0d\x0a", 4);
    free_read_capture(&read);
}

static void an_old_file_is_replaced_and_made_private(void **state)
{
    (void)state;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++) {
        assert_true(fputs("old contents\n", file) >= 0);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0644), 0);
    struct read_capture read = close_and_read(open_capture());
    assert_int_equal(read.packet_count, 0);
    free_read_capture(&read);
    struct stat kind;
    assert_int_equal(stat(path, &kind), 0);
    assert_int_equal(kind.st_mode & 07777, 0600);
}

static void a_new_file_is_private_whatever_the_umask(void **state)
{
    (void)state;
    const mode_t before = umask(0);
    struct capture *capture = open_capture();
    (void)umask(before);
    struct stat kind;
    assert_int_equal(stat(path, &kind), 0);
    assert_int_equal(kind.st_mode & 07777, 0600);
    assert_ok(capture_close(capture));
}

static void a_file_that_cannot_be_made_is_told(void **state)
{
    (void)state;
    char bad[128];
    struct capture *capture = NULL;
    (void)snprintf(bad, sizeof bad, "%s/no/such/directory", directory);
    assert_status(capture_open(bad, &capture), GBAU_E_STORAGE);
    assert_status(capture_open(directory, &capture), GBAU_E_STORAGE);
    assert_null(capture);
}

static void a_full_disk_is_told_at_the_end(void **state)
{
    (void)state;
    struct capture *capture = NULL;
    if (capture_open("/dev/full", &capture) != GBAU_OK) {
        skip();
    }
    capture_add_apdu(capture, octets_of("\x00\xa4\x00\x04", 4), octets_of("\x90\x00", 2));
    struct capture_stream *stream = capture_stream_open(capture, &me, &bsf);
    capture_stream_data(stream, true, octets_of_text("lost"));
    capture_stream_close(stream);
    assert_status(capture_close(capture), GBAU_E_STORAGE);
}

static void nothing_comes_of_null(void **state)
{
    (void)state;
    capture_add_apdu(NULL, octets_of_text("command"), octets_of_text("response"));
    assert_null(capture_stream_open(NULL, &me, &bsf));
    capture_stream_data(NULL, true, octets_of_text("data"));
    capture_stream_close(NULL);
    assert_ok(capture_close(NULL));
}

#define AID     "a0000000871002ff86ff0389"
#define RAND_16 "23553cbe9637a89d218ae64dae47bf35"
#define AUTN_16 "aa689c648370b9b9c2f0a0d1e1f2a3b4"

/* What was said, and what the payload behind the GSMTAP header must be: see capture.c, frame_apdu. */
static const struct {
    const char *command;
    const char *response;
    const char *payload;
} apdus[] = {
    /* case 1 */
    {"00200001", "63c3", "0020000163c3"},
    {"00708001", "9000", "007080019000"},
    /* case 2: P3 is what came back, nothing when nothing did */
    {"00b0000004", "deadbeef9000", "00b0000004deadbeef9000"},
    {"00b0000000", "deadbeef9000", "00b0000004deadbeef9000"},
    {"00b0000010", "deadbeef6282", "00b0000004deadbeef6282"},
    {"00b0000010", "6982", "00b00000006982"},
    {"00b2010400", "6c56", "00b20104006c56"},
    {"00c0000002", "abcd9000", "00c0000002abcd9000"},
    {"8050000000", "9000", "80500000009000"},
    {"0070000001", "019000", "0070000001019000"},
    /* case 3 */
    {"00d60011020102", "9000", "00d600110201029000"},
    {"00a4000c026fd6", "9000", "00a4000c026fd69000"},
    {"0020000108313233340affffff", "9000", "0020000108313233340affffff9000"},
    /* case 4: Le goes */
    {"0088008423dd10" RAND_16 "10" AUTN_16 "00", "db08a54211d5e3ba50bf9000",
     "0088008423dd10" RAND_16 "10" AUTN_16 "db08a54211d5e3ba50bf9000"},
    {"0088008423dd10" RAND_16 "10" AUTN_16 "00", "9862", "0088008423dd10" RAND_16 "10" AUTN_16 "9862"},
    {"805000000301020310", "aabb9000", "8050000003010203aabb9000"},
    /* but not where the dissector looks for it */
    {"00a404040c" AID "00", "62009000", "00a404040c" AID "0062009000"},
    {"80c20000020102ff", "9000", "80c20000020102ff9000"},
    {"80e2000002010200", "aa9000", "80e2000002010200aa9000"},
    /* long lengths, and what is no APDU, stay as they are */
    {"00b000000000ff", "aabb9000", "00b000000000ffaabb9000"},
    {"005000000000020102", "9000", "0050000000000201029000"},
    {"0050000005010200", "6700", "00500000050102006700"},
    {"005000000201020304", "6700", "0050000002010203046700"},
    {"0050", "6700", "00506700"},
    {"", "6700", "6700"},
    {"00b0000004", "", "00b0000000"},
};

static struct octets hex_octets(const char *hex, uint8_t *out)
{
    const size_t length = strlen(hex) / 2;
    from_hex(hex, out, length);
    return octets_of(out, length);
}

static void add_apdu_of_hex(struct capture *capture, const char *command, const char *response)
{
    uint8_t command_octets[512];
    uint8_t response_octets[512];
    capture_add_apdu(capture, hex_octets(command, command_octets), hex_octets(response, response_octets));
}

static void apdus_are_framed_for_the_dissector(void **state)
{
    (void)state;
    struct capture *capture = open_capture();
    const size_t count = sizeof apdus / sizeof apdus[0];
    for (size_t i = 0; i < count; i++) {
        add_apdu_of_hex(capture, apdus[i].command, apdus[i].response);
    }
    struct read_capture read = close_and_read(capture);
    assert_int_equal(read.packet_count, count);
    for (size_t i = 0; i < count; i++) {
        const struct read_packet *packet = &read.packets[i];
        assert_int_equal(packet->protocol, 17);
        assert_int_equal(packet->destination_port, 4729);
        assert_octets(packet->source, "7f000001");
        assert_octets(packet->destination, "7f000001");
        assert_true(packet->payload.length >= 16);
        assert_octets(octets_of(packet->payload.data, 16), "02040400000000000000000000000000");
        assert_octets(octets_of(packet->payload.data + 16, packet->payload.length - 16), apdus[i].payload);
    }
    free_read_capture(&read);
}

static void comments_stand_with_their_packets(void **state)
{
    (void)state;
    static char too_long[CAPTURE_COMMENT_MAX + 2];
    static const char *const comments[] = {"", "a", "abcd", "SELECT MF → ok"};
    for (size_t i = 0; i < sizeof comments / sizeof comments[0]; i++) {
        struct capture *capture = open_capture();
        capture_add_commented_apdu(capture, octets_of("\x00\x20\x00\x01", 4), octets_of("\x90\x00", 2), comments[i]);
        struct read_capture read = close_and_read(capture);
        assert_string_equal(read.packets[0].comment, comments[i]);
        assert_int_equal(read.packets[0].payload.length, 16 + 6);
        free_read_capture(&read);
    }
    memset(too_long, 'x', sizeof too_long - 1);
    for (size_t excess = 0; excess < 2; excess++) {
        struct capture *capture = open_capture();
        const char *comment = too_long + 1 - excess;
        capture_add_commented_apdu(capture, octets_of("\x00\x20\x00\x01", 4), octets_of("\x90\x00", 2), comment);
        struct read_capture read = close_and_read(capture);
        assert_string_equal(read.packets[0].comment, excess == 0 ? comment : "");
        free_read_capture(&read);
    }
}

static void a_full_response_of_256_octets_has_p3_zero(void **state)
{
    (void)state;
    uint8_t response[258] = {0};
    struct capture *capture = open_capture();
    capture_add_apdu(capture, octets_of("\x00\xb0\x00\x00\x00", 5), octets_of(response, sizeof response));
    struct read_capture read = close_and_read(capture);
    assert_int_equal(read.packets[0].payload.length, 16 + 5 + sizeof response);
    assert_int_equal(read.packets[0].payload.data[20], 0);
    free_read_capture(&read);
}

static void times_are_those_of_the_clock(void **state)
{
    (void)state;
    struct capture *capture = open_capture();
    const time_t before = time(NULL);
    add_apdu_of_hex(capture, "00200001", "9000");
    const time_t after = time(NULL);
    struct read_capture read = close_and_read(capture);
    assert_in_range(read.packets[0].microseconds / 1000000, before, after);
    free_read_capture(&read);
}

static void the_largest_pair_fits_and_a_larger_one_is_a_failure(void **state)
{
    (void)state;
    uint8_t *octets = calloc(1, LARGEST_APDU_PAIR);
    assert_non_null(octets);
    struct capture *capture = open_capture();
    capture_add_apdu(capture, octets_of(octets, LARGEST_APDU_PAIR - 2), octets_of("\x90\x00", 2));
    struct read_capture read = close_and_read(capture);
    assert_int_equal(read.packet_count, 1);
    assert_int_equal(read.packets[0].payload.length, 16 + LARGEST_APDU_PAIR);
    free_read_capture(&read);

    capture = open_capture();
    add_apdu_of_hex(capture, "00200001", "9000");
    capture_add_apdu(capture, octets_of(octets, LARGEST_APDU_PAIR - 1), octets_of("\x90\x00", 2));
    add_apdu_of_hex(capture, "00200001", "9000");
    assert_status(capture_close(capture), GBAU_E_STORAGE);
    read = read_capture_file(path);
    assert_int_equal(read.packet_count, 1);
    free_read_capture(&read);
    free(octets);
}

static void assert_segment(const struct read_packet *packet, bool from_client, uint8_t flags, size_t length)
{
    const struct capture_end *from = from_client ? &me : &bsf;
    const struct capture_end *to = from_client ? &bsf : &me;
    assert_int_equal(packet->protocol, 6);
    assert_memory_equal(packet->source.data, from->address, 4);
    assert_memory_equal(packet->destination.data, to->address, 4);
    assert_int_equal(packet->source_port, from->port);
    assert_int_equal(packet->destination_port, to->port);
    assert_int_equal(packet->flags, flags);
    assert_int_equal(packet->payload.length, length);
}

/* Follows both ends of the only stream of a capture as a TCP would, and gathers what each of them sent. */
static void assert_numbers_follow(const struct read_capture *read, size_t *sent_by_client, size_t *sent_by_server)
{
    uint32_t next[2] = {read->packets[0].sequence, read->packets[1].sequence};
    uint32_t confirmed[2] = {next[0], next[1]};
    size_t sent[2] = {0, 0};
    for (size_t i = 0; i < read->packet_count; i++) {
        const struct read_packet *packet = &read->packets[i];
        const size_t from = packet->source_port == me.port ? 0 : 1;
        assert_int_equal(packet->sequence, next[from]);
        next[from] += (uint32_t)packet->payload.length + (packet->flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
        sent[from] += packet->payload.length;
        if (i > 0) {
            assert_int_equal(packet->acknowledged, next[1 - from]);
            confirmed[1 - from] = packet->acknowledged;
        } else {
            assert_int_equal(packet->acknowledged, 0);
        }
        assert_true(next[from] - confirmed[from] <= 0xffff);
    }
    *sent_by_client = sent[0];
    *sent_by_server = sent[1];
}

static void a_stream_is_a_tcp_connection(void **state)
{
    (void)state;
    uint8_t data[3000];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    struct capture *capture = open_capture();
    struct capture_stream *stream = capture_stream_open(capture, &me, &bsf);
    assert_non_null(stream);
    capture_stream_data(stream, true, octets_of_text("GET /"));
    capture_stream_data(stream, false, octets_of(data, sizeof data));
    capture_stream_data(stream, true, octets_of(NULL, 0));
    capture_stream_data(stream, true, octets_of(data, 1400));
    capture_stream_close(stream);
    struct read_capture read = close_and_read(capture);
    static const struct {
        bool from_client;
        uint8_t flags;
        size_t length;
    } expected[] = {
        {true, TCP_SYN, 0},
        {false, TCP_SYN | TCP_ACK, 0},
        {true, TCP_ACK, 0},
        {true, TCP_PSH | TCP_ACK, 5},
        {false, TCP_ACK, 0},
        {false, TCP_PSH | TCP_ACK, 1400},
        {false, TCP_PSH | TCP_ACK, 1400},
        {false, TCP_PSH | TCP_ACK, 200},
        {true, TCP_ACK, 0},
        {true, TCP_PSH | TCP_ACK, 1400},
        {false, TCP_ACK, 0},
        {true, TCP_FIN | TCP_ACK, 0},
        {false, TCP_FIN | TCP_ACK, 0},
        {true, TCP_ACK, 0},
    };
    assert_int_equal(read.packet_count, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < read.packet_count; i++) {
        assert_segment(&read.packets[i], expected[i].from_client, expected[i].flags, expected[i].length);
    }
    size_t sent_by_client = 0;
    size_t sent_by_server = 0;
    assert_numbers_follow(&read, &sent_by_client, &sent_by_server);
    assert_int_equal(sent_by_client, 1405);
    assert_int_equal(sent_by_server, sizeof data);
    assert_memory_equal(read.packets[3].payload.data, "GET /", 5);
    assert_memory_equal(read.packets[5].payload.data, data, 1400);
    assert_memory_equal(read.packets[6].payload.data, data + 1400, 1400);
    assert_memory_equal(read.packets[7].payload.data, data + 2800, 200);
    free_read_capture(&read);
}

static void a_mebibyte_never_overruns_the_window(void **state)
{
    (void)state;
    uint8_t *data = calloc(1, MEBIBYTE);
    assert_non_null(data);
    struct capture *capture = open_capture();
    struct capture_stream *stream = capture_stream_open(capture, &me, &bsf);
    capture_stream_data(stream, false, octets_of(data, MEBIBYTE));
    capture_stream_data(stream, true, octets_of(data, MEBIBYTE));
    capture_stream_close(stream);
    struct read_capture read = close_and_read(capture);
    size_t sent_by_client = 0;
    size_t sent_by_server = 0;
    assert_numbers_follow(&read, &sent_by_client, &sent_by_server);
    assert_int_equal(sent_by_client, MEBIBYTE);
    assert_int_equal(sent_by_server, MEBIBYTE);
    free_read_capture(&read);
    free(data);
}

static void streams_on_a_reused_port_begin_with_other_numbers(void **state)
{
    (void)state;
    struct capture *capture = open_capture();
    capture_stream_close(capture_stream_open(capture, &me, &bsf));
    capture_stream_close(capture_stream_open(capture, &me, &bsf));
    struct read_capture read = close_and_read(capture);
    assert_int_equal(read.packet_count, 12);
    assert_int_not_equal(read.packets[0].sequence, read.packets[6].sequence);
    assert_int_not_equal(read.packets[1].sequence, read.packets[7].sequence);
    free_read_capture(&read);
}

static void each_address_is_named_once(void **state)
{
    (void)state;
    static const struct capture_end nobody = {.address = {10, 0, 0, 9}, .port = 1};
    struct capture *capture = open_capture();
    capture_stream_close(capture_stream_open(capture, &me, &bsf));
    capture_stream_close(capture_stream_open(capture, &me, &bsf));
    capture_stream_close(capture_stream_open(capture, &nobody, &me));
    struct read_capture read = close_and_read(capture);
    assert_int_equal(read.name_count, 2);
    assert_octets(read.names[0].address, "0a000001");
    assert_string_equal(read.names[0].name, "ME");
    assert_octets(read.names[1].address, "0a000002");
    assert_string_equal(read.names[1].name, "BSF");
    free_read_capture(&read);
}

static void many_and_long_names_do_no_harm(void **state)
{
    (void)state;
    char name[400];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    struct capture *capture = open_capture();
    for (uint8_t i = 0; i < 40; i++) {
        const struct capture_end end = {.address = {10, 1, 0, i}, .port = 1, .name = name};
        capture_stream_close(capture_stream_open(capture, &end, &end));
    }
    struct read_capture read = close_and_read(capture);
    /* the table remembers 32 addresses; each end of the streams after that is named again */
    assert_int_equal(read.name_count, 32 + 2 * 8);
    assert_int_equal(strlen(read.names[0].name), 255);
    free_read_capture(&read);
}

enum { THREADS = 8, ROUNDS = 50 };

static void *write_from_a_thread(void *argument)
{
    struct capture *capture = argument;
    for (int i = 0; i < ROUNDS; i++) {
        capture_add_apdu(capture, octets_of("\x00\x20\x00\x01", 4), octets_of("\x90\x00", 2));
        struct capture_stream *stream = capture_stream_open(capture, &me, &bsf);
        capture_stream_data(stream, i % 2 == 0, octets_of_text("hello"));
        capture_stream_close(stream);
    }
    return NULL;
}

static void threads_do_not_mix_their_packets(void **state)
{
    (void)state;
    struct capture *capture = open_capture();
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_from_a_thread, capture), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    struct read_capture read = close_and_read(capture);
    assert_int_equal(read.packet_count, THREADS * ROUNDS * (1 + 3 + 2 + 3));
    for (size_t i = 1; i < read.packet_count; i++) {
        assert_true(read.packets[i].microseconds + 1000000 > read.packets[i - 1].microseconds);
    }
    free_read_capture(&read);
}

static void skip_without_tshark(void)
{
    if (system("command -v tshark >/dev/null 2>&1") != 0) {
        print_message("tshark is not installed: what Wireshark makes of a capture is not tested\n");
        skip();
    }
}

/* Runs tshark over the capture; `text` gets what it prints. */
static void run_tshark(const char *options, char *text, size_t capacity)
{
    char command[512];
    (void)snprintf(command, sizeof command, "tshark -n -r %s %s 2>/dev/null", path, options);
    FILE *output = popen(command, "r");
    assert_non_null(output);
    const size_t length = fread(text, 1, capacity - 1, output);
    text[length] = '\0';
    assert_int_equal(pclose(output), 0);
}

static void assert_tshark(const char *options, const char *expected)
{
    char text[8192];
    run_tshark(options, text, sizeof text);
    assert_string_equal(text, expected);
}

/* A conversation as a card and a ME have it. */
static void add_card_conversation(struct capture *capture)
{
    static const char fcp[] = "621e8202412183026fd6a506d00120d2010f8a01058b036f06048002004088009000";
    add_apdu_of_hex(capture, "00a404040c" AID "00", fcp);
    add_apdu_of_hex(capture, "00a40004026fd600", fcp);
    add_apdu_of_hex(capture, "00a4000c026fd6", "6a82");
    add_apdu_of_hex(capture, "00a40804047fff6fd600", fcp);
    add_apdu_of_hex(capture, "0088008423dd10" RAND_16 "10" AUTN_16 "00", "db08a54211d5e3ba50bf9000");
    add_apdu_of_hex(capture, "0088008423dd10" RAND_16 "10" AUTN_16 "00", "9862");
    add_apdu_of_hex(capture, "00b0000010", "00112233445566778899aabbccddeeff9000");
    add_apdu_of_hex(capture, "00b0000000", "00112233445566778899aabbccddeeff9000");
    add_apdu_of_hex(capture, "00b0000010", "6982");
    add_apdu_of_hex(capture, "00b2010400", "8004aabbccdd9000");
    add_apdu_of_hex(capture, "00d6001104aabbccdd", "9000");
    add_apdu_of_hex(capture, "002000010831323334ffffffff", "9000");
    add_apdu_of_hex(capture, "00200001", "63c3");
    add_apdu_of_hex(capture, "80f2000000", fcp);
    add_apdu_of_hex(capture, "0070000001", "019000");
    add_apdu_of_hex(capture, "00708001", "9000");
    add_apdu_of_hex(capture, "00c0000004", "aabbccdd9000");
    add_apdu_of_hex(capture, "805000000301020310", "aabb9000");
    add_apdu_of_hex(capture, "8050000000", "aabb9000");
}

static void tshark_reads_the_card(void **state)
{
    (void)state;
    skip_without_tshark();
    struct capture *capture = open_capture();
    add_card_conversation(capture);
    struct read_capture read = close_and_read(capture);
    const size_t count = read.packet_count;
    free_read_capture(&read);
    char text[8192];
    assert_tshark("-Y _ws.malformed", "");
    assert_tshark("-o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -Y 'ip.checksum.status != 1 || "
                  "udp.checksum.status != 1'",
                  "");
    /* the tree leaves the GSMTAP header of SIM packets out, so it is looked for in the list of protocols */
    run_tshark("-T fields -e frame.protocols", text, sizeof text);
    size_t lines = 0;
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        lines++;
        assert_memory_equal(line, "raw:ip:udp:gsmtap:gsm_sim\n", 26);
    }
    assert_int_equal(lines, count);
    assert_tshark("-Y 'frame.number == 1' -T fields -e gsm_sim.apdu.ins -e gsm_sim.aid -e gsm_sim.apdu.sw",
                  "0xa4\t" AID "\t0x9000\n");
    assert_tshark("-Y 'frame.number == 2' -T fields -e gsm_sim.file_id -e gsm_sim.apdu.sw", "0x6fd6\t0x9000\n");
    assert_tshark("-Y 'frame.number == 3' -T fields -e gsm_sim.apdu.sw", "0x6a82\n");
    assert_tshark("-Y 'gsm_sim.apdu.ins == 0x88' -T fields -e gsm_sim.apdu.sw", "0x9000\n0x9862\n");
    assert_tshark("-Y 'frame.number == 8' -T fields -e gsm_sim.apdu.data -e gsm_sim.apdu.sw",
                  "00112233445566778899aabbccddeeff\t0x9000\n");
    assert_tshark("-Y 'gsm_sim.apdu.ins == 0xd6' -T fields -e gsm_sim.bin_offset -e gsm_sim.apdu.data",
                  "17\taabbccdd\n");
}

static void tshark_reads_http(void **state)
{
    (void)state;
    skip_without_tshark();
    char body[4096];
    char answer[5000];
    memset(body, 'x', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    (void)snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
    struct capture *capture = open_capture();
    struct capture_stream *stream = capture_stream_open(capture, &me, &bsf);
    capture_stream_data(stream, true, octets_of_text("GET /btid HTTP/1.1\r\nHost: bsf.example\r\n\r\n"));
    capture_stream_data(stream, false, octets_of_text(answer));
    capture_stream_close(stream);
    assert_ok(capture_close(capture));
    assert_tshark("-Y _ws.malformed", "");
    assert_tshark("-Y 'tcp.analysis.flags || _ws.expert.severity >= 0x600000'", "");
    assert_tshark("-o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -Y 'ip.checksum.status != 1 || "
                  "tcp.checksum.status != 1'",
                  "");
    assert_tshark("-Y http.request -T fields -e http.request.method -e http.request.uri -e http.host",
                  "GET\t/btid\tbsf.example\n");
    assert_tshark("-Y http.response -T fields -e http.response.code -e http.content_length", "200\t4095\n");
    assert_tshark("-N n -Y http -T fields -e ip.src_host -e ip.dst_host", "ME\tBSF\nBSF\tME\n");
    assert_tshark("-Y tcp -T fields -e tcp.stream -c 1", "0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_capture_has_its_headers),
        cmocka_unit_test(an_old_file_is_replaced_and_made_private),
        cmocka_unit_test(a_new_file_is_private_whatever_the_umask),
        cmocka_unit_test(a_file_that_cannot_be_made_is_told),
        cmocka_unit_test(a_full_disk_is_told_at_the_end),
        cmocka_unit_test(nothing_comes_of_null),
        cmocka_unit_test(apdus_are_framed_for_the_dissector),
        cmocka_unit_test(comments_stand_with_their_packets),
        cmocka_unit_test(a_full_response_of_256_octets_has_p3_zero),
        cmocka_unit_test(times_are_those_of_the_clock),
        cmocka_unit_test(the_largest_pair_fits_and_a_larger_one_is_a_failure),
        cmocka_unit_test(a_stream_is_a_tcp_connection),
        cmocka_unit_test(a_mebibyte_never_overruns_the_window),
        cmocka_unit_test(streams_on_a_reused_port_begin_with_other_numbers),
        cmocka_unit_test(each_address_is_named_once),
        cmocka_unit_test(many_and_long_names_do_no_harm),
        cmocka_unit_test(threads_do_not_mix_their_packets),
        cmocka_unit_test(tshark_reads_the_card),
        cmocka_unit_test(tshark_reads_http),
    };
    return cmocka_run_group_tests_name("trace/capture", tests, make_directory, remove_directory);
}
