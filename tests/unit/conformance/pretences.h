/* pretences.h: what few cards have, pretended in front of ours: right answers, and what is wrong with them. */
#ifndef TESTS_UNIT_CONFORMANCE_PRETENCES_H
#define TESTS_UNIT_CONFORMANCE_PRETENCES_H

#include "erring_card.h"

#define TRANSPARENT_FCP  "62168202412183022F7E8A01058B032F06018002001488009000"
#define LINEAR_FIXED_FCP "621982054221000A0283022F7E8A01058B032F06018002001488009000"
#define CYCLIC_FCP       "62198205462100030583026F398A01058B036F06048002000F88009000"
#define ADF_FCP          "6215820278218407A00000008710048A01058B032F06039000"
#define ISIM             {.command = "XXA4040407A0000000871004", .kind = ANSWER, .octets = ADF_FCP}
#define SAYS(command_, octets_) {.command = (command_), .kind = ANSWER, .octets = (octets_)}
#define SAYS_FROM(command_, from_, octets_) \
    {.command = (command_), .kind = ANSWER, .octets = (octets_), .from = (from_)}
#define FLIPS(command_, from_, at_, mask_) \
    {.command = (command_), .kind = FLIP, .at = (at_), .mask = (mask_), .from = (from_)}

enum { PIECES_MAX = MUTATIONS_MAX - 1 };

/* What is pretended, and what is wrong with it when the check must fail. */
struct pretence {
    const char *check;
    struct mutation error;
    struct mutation pieces[PIECES_MAX];
};

static const struct pretence pretences[] = {
    {"select.child_df", SAYS("XXA4010C", "6F00"), {SAYS("XXA4010C", "9000")}},

    /* SEARCH RECORD, INCREASE */
    {"search.forward", SAYS("XXA20104", "029000"), {SAYS("XXA20104", "019000")}},
    {"search.backward", SAYS("XXA20405", "029000"), {SAYS("XXA20405", "03019000")}},
    {"search.by_sfi", SAYS("XXA201F4", "9000"), {SAYS("XXA201F4", "019000")}},
    {"search.enhanced", SAYS("XXA20106", "029000"), {SAYS("XXA20106", "01029000")}},
    {"search.nothing_found", SAYS("XXA20104", "9000"), {SAYS("XXA20104", "6282")}},
    {"search.transparent_file", SAYS("XXA20104", "9000"), {SAYS("XXA20104", "6981")}},
    {"increase.linear_file", SAYS("XX32", "9000"), {SAYS("XX32", "6981")}},
    {"increase.adds", SAYS("XX32", "00000B0000019000"),
     {SAYS("XXA40004026F39", CYCLIC_FCP), SAYS("XXB20104", "0000099000"), SAYS("XX32", "00000A0000019000")}},

    /* Toolkit and others */
    {"toolkit.terminal_profile", SAYS("8010", "6F00"), {SAYS("8010", "910B")}},
    {"toolkit.terminal_profile_p1", SAYS("8010", "9000"), {SAYS("8010", "6A86")}},
    {"toolkit.fetch_nothing", SAYS("8012", "D0009000"), {SAYS("8012", "6985")}},
    {"toolkit.terminal_response_unasked", SAYS("8014", "9000"), {SAYS("8014", "6985")}},
    {"toolkit.envelope", SAYS("80C2", "6F00"), {SAYS("80C2", "9000")}},
    {"toolkit.terminal_capability", SAYS("80AA", "6A80"), {SAYS("80AA", "9000")}},
    {"toolkit.terminal_capability_p1", SAYS("80AA", "9000"), {SAYS("80AA", "6A86")}},
    {"suspend.wrong_p1", SAYS("8076", "9000"), {SAYS("8076", "6A86")}},
    {"suspend.nothing_to_resume", SAYS("8076", "9000"), {SAYS("8076", "6985")}},
    {"retrieve.transparent_file", SAYS("XXCB", "9000"), {SAYS("XXCB", "6981")}},
    {"pin.second_pin", SAYS("XX200081", "6F00"), {SAYS("XX200081", "63C3")}},

    /* AUTHENTICATE */
    {"auth.odd_instruction", SAYS("XX89", "9000"), {SAYS("XX89", "6985")}},

    /* Files of a phone */
    {"file.sms", SAYS("XXA40004026F3C", LINEAR_FIXED_FCP),
     {SAYS("XXA40004026F3C", "62198205422100B00A83026F3C8A01058B036F0604800206E088009000")}},
    {"file.plmnwact", SAYS("XXB08A", "6A82"),
     {SAYS("XXA40004026F60", "62168202412183026F608A01058B036F06048002002888009000"), SAYS("XXB08A", "FF9000")}},
    {"file.gsm_access", SAYS("XXA4000C024F20", "6A82"),
     {SAYS("XXA4000C025F3B", "9000"), SAYS("XXA4000C024F20", "9000")}},
    {"file.5gs", SAYS("XXA40004025FC0", "6F00"), {SAYS("XXA40004025FC0", "9000")}},

    /* The ISIM */
    {"isim.impi", SAYS("XXB00000", "80036161629000"),
     {ISIM, SAYS("XXA40004026F02", TRANSPARENT_FCP), SAYS("XXB00000", "80036140629000")}},
    {"isim.domain", SAYS("XXB00000", "80009000"),
     {ISIM, SAYS("XXA40004026F03", TRANSPARENT_FCP), SAYS("XXB00000", "8002612E9000")}},
    {"isim.impu", SAYS("XXB20104", "81036140629000"),
     {ISIM, SAYS("XXA40004026F04", LINEAR_FIXED_FCP), SAYS("XXB20104", "80036140629000")}},
    {"isim.impi_sfi", SAYS("XXB082", "6A82"),
     {ISIM, SAYS("XXA40004026F02", TRANSPARENT_FCP), SAYS("XXB082", "FF9000")}},
    {"isim.ist", SAYS("XXA40004026F07", LINEAR_FIXED_FCP),
     {ISIM, SAYS("XXA40004026F07", TRANSPARENT_FCP), SAYS("XXB087", "029000")}},
    {"isim.ad", SAYS("XXB083", "6A82"),
     {ISIM, SAYS("XXA40004026FAD", TRANSPARENT_FCP), SAYS("XXB083", "000000029000")}},
    {"isim.arr", SAYS("XXB20134", "6A82"),
     {ISIM, SAYS("XXA40004026F06", LINEAR_FIXED_FCP), SAYS("XXB20134", "80019000")}},
    {"isim.wrong_mac", SAYS("XX880081", "6985"), {ISIM, SAYS("XX880081", "9862")}},
    {"isim.gba_files", SAYS("XXA40004026FD7", "6A82"),
     {ISIM, SAYS("XXA40004026F07", TRANSPARENT_FCP), SAYS("XXB00000", "029000"),
      SAYS("XXA40004026FD5", TRANSPARENT_FCP), SAYS("XXA40004026FD7", LINEAR_FIXED_FCP)}},
    {"isim.gbanl_is_the_cards", SAYS("XXDC", "9000"),
     {ISIM, SAYS("XXA40004026F07", TRANSPARENT_FCP), SAYS("XXB00000", "029000"),
      SAYS("XXA40004026FD7", LINEAR_FIXED_FCP), SAYS("XXB20104", "FFFF9000"), SAYS("XXDC", "6982")}},
    {"isim.own_ks", SAYS_FROM("XXB00000", 3, "039000"),
     {ISIM, SAYS("XXA40004026F07", TRANSPARENT_FCP), SAYS("XXB00000", "029000"),
      SAYS("XXA40004026FD5", TRANSPARENT_FCP)}},

    /* DEACTIVATE and ACTIVATE FILE */
    {"activate.needs_adm", SAYS("XX04", "9000"), {SAYS("XX04", "6982")}},
    {"activate.deactivated", FLIPS("XXA40004026F7B", 0, 12, 0x00),
     {SAYS("XX04", "9000"), SAYS("XX44", "9000"), FLIPS("XXA40004026F7B", 2, 12, 0x01)}},
    {"activate.select_warns", SAYS("XXA4000C026F7B", "9000"),
     {SAYS("XX04", "9000"), SAYS("XX44", "9000"), SAYS("XXA4000C026F7B", "6283")}},
    {"activate.read_refused", SAYS("XXB0000001", "FF9000"),
     {SAYS("XX04", "9000"), SAYS("XX44", "9000"), SAYS("XXB0000001", "6985")}},
    {"activate.activated", FLIPS("XXA40004026F7B", 2, 12, 0x01), {SAYS("XX04", "9000"), SAYS("XX44", "9000")}},

    /* CREATE, DELETE, RESIZE FILE */
    {"admin.create", FLIPS("XXA40004022F7E", 0, 0, 0x00), /* not there, though the card said that it made it */
     {SAYS("XXE0", "9000"), SAYS("XXA40004022F7E", TRANSPARENT_FCP)}},
    {"admin.created_file_works", SAYS("XXB0000004", "010203059000"),
     {SAYS("XXE0", "9000"), SAYS("XXA40004022F7E", TRANSPARENT_FCP), SAYS("XXD6", "9000"),
      SAYS("XXB0000004", "010203049000")}},
    {"admin.create_records", SAYS("XXB20304", "FF9000"),
     {SAYS("XXE0", "9000"), SAYS("XXA40004022F7E", LINEAR_FIXED_FCP), SAYS("XXB20204", "FF9000"),
      SAYS("XXB20304", "6A83")}},
    {"admin.create_cyclic", SAYS("XXB20104", "119000"),
     {SAYS("XXE0", "9000"), SAYS("XXA40004022F7E", CYCLIC_FCP), SAYS("XXDC", "9000"), SAYS("XXB20104", "229000"),
      SAYS("XXB20204", "119000")}},
    {"admin.create_twice", SAYS_FROM("XXE0", 2, "9000"), {SAYS_FROM("XXE0", 2, "6A89"), SAYS("XXE0", "9000")}},
    {"admin.delete", SAYS_FROM("XXA4000C022F7E", 2, "9000"), {SAYS("XXE0", "9000"), SAYS("XXE4", "9000")}},
    {"admin.resize", SAYS("XXA40004022F7E", TRANSPARENT_FCP),
     {SAYS("XXE0", "9000"), SAYS("XXD4", "9000"),
      SAYS("XXA40004022F7E", "62168202412183022F7E8A01058B032F06018002002888009000")}},
};

enum { PRETENCES = sizeof pretences / sizeof pretences[0] };

#endif
