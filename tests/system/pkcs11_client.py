"""pkcs11_client.py: a PKCS#11 module by ctypes, knowing nothing but the standard's numbers and gbau/pkcs11.h."""
import ctypes

OK = 0
CKU_USER = 1
CKF_RW_SESSION, CKF_SERIAL_SESSION = 2, 4
CKA_CLASS, CKA_TOKEN, CKA_LABEL, CKA_VALUE = 0x000, 0x001, 0x003, 0x011
CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN, CKA_VERIFY, CKA_DERIVE = 0x104, 0x105, 0x108, 0x10A, 0x10C
CKA_GBAU_B_TID = 0xE7620103
CKM_SHA256_HMAC, CKM_AES_GCM, CKM_SHA256 = 0x251, 0x1087, 0x250
CKM_GBAU_DERIVE, CKM_GBAU_CIPHER = 0xE7620001, 0xE7620002
CKR_ATTRIBUTE_SENSITIVE, CKR_PIN_INCORRECT, CKR_ENCRYPTED_DATA_INVALID = 0x11, 0xA0, 0x40
CKR_MECHANISM_PARAM_INVALID, CKR_SIGNATURE_INVALID = 0x71, 0xC0


class Mechanism(ctypes.Structure):
    _fields_ = [("type", ctypes.c_ulong), ("parameter", ctypes.c_void_p), ("length", ctypes.c_ulong)]


class Attribute(ctypes.Structure):
    _fields_ = [("type", ctypes.c_ulong), ("value", ctypes.c_void_p), ("length", ctypes.c_ulong)]


class GcmParams(ctypes.Structure):
    _fields_ = [("iv", ctypes.c_void_p), ("iv_length", ctypes.c_ulong), ("iv_bits", ctypes.c_ulong),
                ("aad", ctypes.c_void_p), ("aad_length", ctypes.c_ulong), ("tag_bits", ctypes.c_ulong)]


class Error(Exception):
    """What a function returned."""

    def __init__(self, function, value):
        super().__init__(f"{function}: 0x{value:x}")
        self.value = value


def attribute_list(attributes):
    """A template of {type: bool or bytes}, which keeps what it points to alive."""
    array = (Attribute * len(attributes))()
    array.kept = []
    for slot, (kind, value) in zip(array, attributes.items()):
        octets = bytes([value]) if isinstance(value, bool) else value
        buffer = ctypes.create_string_buffer(octets, len(octets))
        slot.type, slot.value, slot.length = kind, ctypes.addressof(buffer), len(octets)
        array.kept.append(buffer)
    return array


class Client:
    """One session of one slot."""

    def __init__(self, module, pin=None, slot_index=0):
        self.library = ctypes.CDLL(str(module))
        self.call("C_Initialize", None)
        slots = (ctypes.c_ulong * 8)()
        count = ctypes.c_ulong(8)
        self.call("C_GetSlotList", ctypes.c_ubyte(1), slots, ctypes.byref(count))
        self.slot = slots[slot_index]
        self.session = ctypes.c_ulong()
        self.call("C_OpenSession", ctypes.c_ulong(self.slot), ctypes.c_ulong(CKF_SERIAL_SESSION | CKF_RW_SESSION), None,
                  None, ctypes.byref(self.session))
        if pin is not None:
            self.login(pin)

    def call(self, name, *arguments):
        value = getattr(self.library, name)(*arguments)
        if value != OK:
            raise Error(name, value)

    def close(self):
        self.call("C_Finalize", None)

    def login(self, pin):
        self.call("C_Login", self.session, ctypes.c_ulong(CKU_USER), pin.encode(), ctypes.c_ulong(len(pin)))

    def find(self, **attributes):
        """Objects with a label, or all."""
        template = {CKA_LABEL: attributes["label"].encode()} if "label" in attributes else {}
        found = (ctypes.c_ulong * 100)()
        count = ctypes.c_ulong()
        self.call("C_FindObjectsInit", self.session, attribute_list(template), ctypes.c_ulong(len(template)))
        self.call("C_FindObjects", self.session, found, ctypes.c_ulong(100), ctypes.byref(count))
        self.call("C_FindObjectsFinal", self.session)
        return found[:count.value]

    def attribute(self, key, kind):
        buffer = ctypes.create_string_buffer(512)
        attribute = Attribute(kind, ctypes.cast(buffer, ctypes.c_void_p), 512)
        self.call("C_GetAttributeValue", self.session, ctypes.c_ulong(key), ctypes.byref(attribute), ctypes.c_ulong(1))
        return buffer.raw[:attribute.length]

    def derive(self, base, **attributes):
        names = {"encrypt": CKA_ENCRYPT, "decrypt": CKA_DECRYPT, "sign": CKA_SIGN, "verify": CKA_VERIFY,
                 "token": CKA_TOKEN, "label": CKA_LABEL}
        template = {names[name]: value for name, value in attributes.items()}
        key = ctypes.c_ulong()
        self.call("C_DeriveKey", self.session, ctypes.byref(Mechanism(CKM_GBAU_DERIVE, None, 0)), ctypes.c_ulong(base),
                  attribute_list(template), ctypes.c_ulong(len(template)), ctypes.byref(key))
        return key.value

    def _transform(self, function, mechanism, key, data):
        self.call(f"C_{function}Init", self.session, ctypes.byref(mechanism), *key)
        out = ctypes.create_string_buffer(len(data) + 64)
        length = ctypes.c_ulong(len(out))
        self.call(f"C_{function}", self.session, data, ctypes.c_ulong(len(data)), out, ctypes.byref(length))
        return out.raw[:length.value]

    def sign(self, key, data):
        return self._transform("Sign", Mechanism(CKM_SHA256_HMAC, None, 0), [ctypes.c_ulong(key)], data)

    def digest(self, data):
        return self._transform("Digest", Mechanism(CKM_SHA256, None, 0), [], data)

    def verify(self, key, data, mac):
        self.call("C_VerifyInit", self.session, ctypes.byref(Mechanism(CKM_SHA256_HMAC, None, 0)), ctypes.c_ulong(key))
        self.call("C_Verify", self.session, data, ctypes.c_ulong(len(data)), mac, ctypes.c_ulong(len(mac)))

    def encrypt_gcm(self, key, text, aad=b"", iv=bytes(12)):
        """The IV that the card made, and ciphertext and tag."""
        place = ctypes.create_string_buffer(iv, len(iv))
        out = self._gcm("Encrypt", key, text, aad, place)
        return place.raw, out

    def decrypt_gcm(self, key, iv, data, aad=b""):
        return self._gcm("Decrypt", key, data, aad, ctypes.create_string_buffer(iv, len(iv)))

    def _gcm(self, function, key, data, aad, place):
        parameters = GcmParams(ctypes.cast(place, ctypes.c_void_p), 12, 96,
                               ctypes.cast(ctypes.c_char_p(aad), ctypes.c_void_p), len(aad), 128)
        mechanism = Mechanism(CKM_AES_GCM, ctypes.cast(ctypes.byref(parameters), ctypes.c_void_p),
                              ctypes.sizeof(parameters))
        return self._transform(function, mechanism, [ctypes.c_ulong(key)], data)

    def random(self, length):
        out = ctypes.create_string_buffer(length)
        self.call("C_GenerateRandom", self.session, out, ctypes.c_ulong(length))
        return out.raw
