using System.Collections.Frozen;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11;

/// <summary>
/// Turns a return code into a sentence: the call, what the code means (PKCS#11 v2.40 §5.1, v3.2 §5.1), the likely cause and what to do.
/// </summary>
public static class CkrExplanation
{
    private static readonly FrozenDictionary<CKR, string> Causes = new Dictionary<CKR, string>
    {
        [CKR.CKR_CANCEL] = "the token or its operator cancelled the call; try again",
        [CKR.CKR_HOST_MEMORY] = "the machine is out of memory; free some, or lower maxSessions",
        [CKR.CKR_SLOT_ID_INVALID] = "the slot is gone: slot numbers change when a token is initialised or unplugged; the token is looked up again by its label",
        [CKR.CKR_GENERAL_ERROR] = "the module failed inside: its store is missing, unreadable or full, its daemon is down, or (AES-GCM) the data was changed; see the module's own log",
        [CKR.CKR_FUNCTION_FAILED] = "the token could not do it: often a full or damaged store, a lost connection, or a firmware mode that forbids the mechanism; see the module's own log",
        [CKR.CKR_ARGUMENTS_BAD] = "an argument is not what this module takes; the token.yaml of this token probably does not fit it",
        [CKR.CKR_NO_EVENT] = "no slot event is waiting",
        [CKR.CKR_NEED_TO_CREATE_THREADS] = "the module must create threads and may not",
        [CKR.CKR_CANT_LOCK] = "the module cannot lock; it is not built for threads, use one session (maxSessions: 1)",
        [CKR.CKR_ATTRIBUTE_READ_ONLY] = "the template sets an attribute this token fixes; remove it in token.yaml",
        [CKR.CKR_ATTRIBUTE_SENSITIVE] = "the attribute is part of a private key and cannot be read: that is as it should be",
        [CKR.CKR_ATTRIBUTE_TYPE_INVALID] = "the template has an attribute this token does not know; remove it in token.yaml",
        [CKR.CKR_ATTRIBUTE_VALUE_INVALID] = "the template has a value this token refuses, for example a curve or a key size; see the mechanism list (agentpki doctor)",
        [CKR.CKR_ACTION_PROHIBITED] = "the object forbids it (CKA_COPYABLE, CKA_DESTROYABLE or CKA_MODIFIABLE is false)",
        [CKR.CKR_DATA_INVALID] = "the data has not the form the mechanism wants: who hashes (hash: inside or outside in token.yaml) is probably set wrong",
        [CKR.CKR_DATA_LEN_RANGE] = "the data is too long or too short for the mechanism: hash outside, or a smaller message",
        [CKR.CKR_DEVICE_ERROR] = "the token or the way to it failed; check its power, cable, network and daemon",
        [CKR.CKR_DEVICE_MEMORY] = "the token is full; delete keys that are no longer used",
        [CKR.CKR_DEVICE_REMOVED] = "the token was removed while it worked; put it back",
        [CKR.CKR_ENCRYPTED_DATA_INVALID] = "the ciphertext or its associated data was changed, or belongs to another key",
        [CKR.CKR_ENCRYPTED_DATA_LEN_RANGE] = "the ciphertext was cut or extended",
        [CKR.CKR_FUNCTION_CANCELED] = "the call was cancelled; try again",
        [CKR.CKR_FUNCTION_NOT_PARALLEL] = "no function runs in parallel in this session",
        [CKR.CKR_FUNCTION_NOT_SUPPORTED] = "the module lacks this function",
        [CKR.CKR_KEY_HANDLE_INVALID] = "the key's handle is stale: the token was restarted or the login ended; it is looked up again",
        [CKR.CKR_KEY_SIZE_RANGE] = "the token does not take keys of this size",
        [CKR.CKR_KEY_TYPE_INCONSISTENT] = "the key is of another kind than the mechanism wants; two keys may share a label",
        [CKR.CKR_KEY_NOT_NEEDED] = "a key was given where none is wanted",
        [CKR.CKR_KEY_CHANGED] = "the key is not the one the saved state was made with",
        [CKR.CKR_KEY_NEEDED] = "the saved state needs its key",
        [CKR.CKR_KEY_INDIGESTIBLE] = "the key's value cannot be digested",
        [CKR.CKR_KEY_FUNCTION_NOT_PERMITTED] = "the key's attributes do not allow this use (CKA_SIGN, CKA_ENCRYPT …); it was made for another purpose",
        [CKR.CKR_KEY_NOT_WRAPPABLE] = "the key cannot be wrapped with this mechanism",
        [CKR.CKR_KEY_UNEXTRACTABLE] = "the key may not leave the token: that is as it should be",
        [CKR.CKR_MECHANISM_INVALID] = "the token lacks the mechanism, or a firmware or FIPS mode turned it off; choose another algorithm or token (agentpki doctor lists what it has)",
        [CKR.CKR_MECHANISM_PARAM_INVALID] = "the token refuses the mechanism's parameters (hash, salt length, IV or tag length)",
        [CKR.CKR_OBJECT_HANDLE_INVALID] = "the object's handle is stale: it was deleted or the token was restarted; it is looked up again",
        [CKR.CKR_OPERATION_ACTIVE] = "the session has an unfinished operation; it is closed and a fresh one used",
        [CKR.CKR_OPERATION_NOT_INITIALIZED] = "the session lost its operation; it is closed and a fresh one used",
        [CKR.CKR_PIN_INCORRECT] = "the PIN is wrong; it is not tried again before a restart, since some tokens lock after a few tries: put the right PIN into the PIN file, then restart",
        [CKR.CKR_PIN_INVALID] = "the PIN has characters the token does not take",
        [CKR.CKR_PIN_LEN_RANGE] = "the PIN is too short or too long for this token",
        [CKR.CKR_PIN_EXPIRED] = "the PIN has expired; set a new one with the token's own tool, then restart",
        [CKR.CKR_PIN_LOCKED] = "the PIN is locked after too many tries; the security officer must reset it",
        [CKR.CKR_SESSION_CLOSED] = "the token closed the session; a fresh one is used",
        [CKR.CKR_SESSION_COUNT] = "the token has no session left: lower maxSessions, or find who else holds sessions",
        [CKR.CKR_SESSION_HANDLE_INVALID] = "the session is gone: the token was restarted or the connection lost; a fresh one is used",
        [CKR.CKR_SESSION_PARALLEL_NOT_SUPPORTED] = "the token has no parallel sessions",
        [CKR.CKR_SESSION_READ_ONLY] = "the session cannot write; the token may be write-protected",
        [CKR.CKR_SESSION_EXISTS] = "sessions are open; the token can be initialised only without any",
        [CKR.CKR_SESSION_READ_ONLY_EXISTS] = "a read-only session is open; the security officer cannot log in beside it",
        [CKR.CKR_SESSION_READ_WRITE_SO_EXISTS] = "the security officer is logged in; a read-only session cannot be opened",
        [CKR.CKR_SIGNATURE_INVALID] = "the signature is wrong",
        [CKR.CKR_SIGNATURE_LEN_RANGE] = "the signature has not the length of the key's",
        [CKR.CKR_TEMPLATE_INCOMPLETE] = "the template lacks an attribute this token wants; add it in token.yaml",
        [CKR.CKR_TEMPLATE_INCONSISTENT] = "attributes of the template contradict each other here, or a firmware mode forbids the combination (sensitive, extractable, sign …)",
        [CKR.CKR_TOKEN_NOT_PRESENT] = "the token is not in its slot; put it back",
        [CKR.CKR_TOKEN_NOT_RECOGNIZED] = "the token is not one this module knows",
        [CKR.CKR_TOKEN_WRITE_PROTECTED] = "the token is write-protected",
        [CKR.CKR_UNWRAPPING_KEY_HANDLE_INVALID] = "the unwrapping key's handle is stale",
        [CKR.CKR_UNWRAPPING_KEY_SIZE_RANGE] = "the unwrapping key has the wrong size",
        [CKR.CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT] = "the unwrapping key is of the wrong kind",
        [CKR.CKR_USER_ALREADY_LOGGED_IN] = "this process is logged in to the token already",
        [CKR.CKR_USER_NOT_LOGGED_IN] = "the login ended (token restarted, or its last session closed); it is made again",
        [CKR.CKR_USER_PIN_NOT_INITIALIZED] = "the token has no user PIN yet; the security officer must set one",
        [CKR.CKR_USER_TYPE_INVALID] = "the token does not know this kind of user",
        [CKR.CKR_USER_ANOTHER_ALREADY_LOGGED_IN] = "another user (perhaps the security officer) is logged in to the token in this process",
        [CKR.CKR_USER_TOO_MANY_TYPES] = "too many kinds of user are logged in to the token",
        [CKR.CKR_WRAPPED_KEY_INVALID] = "the wrapped key was changed or belongs to another wrapping key",
        [CKR.CKR_WRAPPED_KEY_LEN_RANGE] = "the wrapped key was cut or extended",
        [CKR.CKR_WRAPPING_KEY_HANDLE_INVALID] = "the wrapping key's handle is stale",
        [CKR.CKR_WRAPPING_KEY_SIZE_RANGE] = "the wrapping key has the wrong size",
        [CKR.CKR_WRAPPING_KEY_TYPE_INCONSISTENT] = "the wrapping key is of the wrong kind",
        [CKR.CKR_RANDOM_SEED_NOT_SUPPORTED] = "the token's generator takes no seed",
        [CKR.CKR_RANDOM_NO_RNG] = "the token has no random generator",
        [CKR.CKR_DOMAIN_PARAMS_INVALID] = "the token does not know the curve",
        [CKR.CKR_CURVE_NOT_SUPPORTED] = "the token does not have this curve",
        [CKR.CKR_BUFFER_TOO_SMALL] = "the module wanted a larger buffer than it said",
        [CKR.CKR_SAVED_STATE_INVALID] = "the saved state is not usable",
        [CKR.CKR_INFORMATION_SENSITIVE] = "the information cannot be given out",
        [CKR.CKR_STATE_UNSAVEABLE] = "the state cannot be saved",
        [CKR.CKR_CRYPTOKI_NOT_INITIALIZED] = "the module was finalized, perhaps by another part of this process; it is initialised again",
        [CKR.CKR_CRYPTOKI_ALREADY_INITIALIZED] = "the module is initialised already in this process",
        [CKR.CKR_MUTEX_BAD] = "the module's mutex is bad",
        [CKR.CKR_MUTEX_NOT_LOCKED] = "the module's mutex was not locked",
        [CKR.CKR_FUNCTION_REJECTED] = "the token's user or policy rejected the request",
    }.ToFrozenDictionary();

    // PKCS#11 v3.0 and v3.2 codes that Pkcs11Interop 5.3 has no names for.
    private static readonly FrozenDictionary<ulong, (string Name, string Cause)> Newer = new Dictionary<ulong, (string, string)>
    {
        [0x1B] = ("CKR_LIBRARY_LOAD_FAILED", "the module could not load a library it needs"),
        [0x1F0] = ("CKR_NEW_PIN_MODE", "the token wants a new PIN first; set one with its own tool"),
        [0x1F1] = ("CKR_NEXT_OTP", "the token wants the next one-time password"),
        [0x1F2] = ("CKR_EXCEEDED_MAX_ITERATIONS", "too many iterations for this token"),
        [0x1F3] = ("CKR_FIPS_SELF_TEST_FAILED", "the module's self-test failed: do not use it; reinstall or replace it"),
        [0x1F4] = ("CKR_LIBRARY_LOAD_FAILED", "the module could not load a library it needs"),
        [0x1F5] = ("CKR_PIN_TOO_WEAK", "the PIN is too weak for this token"),
        [0x1F6] = ("CKR_PUBLIC_KEY_INVALID", "the public key is not valid"),
        [0x201] = ("CKR_OPERATION_CANCEL_FAILED", "the operation could not be cancelled; the session is closed and a fresh one used"),
        [0x202] = ("CKR_KEY_EXHAUSTED", "the key has made all the signatures it may make; a successor is needed"),
        [0x203] = ("CKR_PENDING", "the asynchronous operation is not finished"),
        [0x204] = ("CKR_SESSION_ASYNC_NOT_SUPPORTED", "the token has no asynchronous sessions"),
        [0x205] = ("CKR_SEED_RANDOM_REQUIRED", "the token's generator wants a seed"),
        [0x206] = ("CKR_OPERATION_NOT_VALIDATED", "the token's validation mode does not allow the operation"),
        [0x207] = ("CKR_TOKEN_NOT_INITIALIZED", "the token is not initialised yet"),
        [0x208] = ("CKR_PARAMETER_SET_NOT_SUPPORTED", "the token lacks the parameter set"),
    }.ToFrozenDictionary();

    /// <summary>One sentence for people: <c>C_Sign(CKM_ECDSA): CKR_DEVICE_ERROR (0x30): the token or the way to it failed; …</c>.</summary>
    public static string Explain(string operation, CKR result)
    {
        if (Causes.TryGetValue(result, out var cause))
        {
            return $"{operation}: {result} (0x{(ulong)result:X}): {cause}.";
        }

        if (Newer.TryGetValue((ulong)result, out var newer))
        {
            return $"{operation}: {newer.Name} (0x{(ulong)result:X}): {newer.Cause}.";
        }

        return ((ulong)result & 0x80000000) != 0
            ? $"{operation}: vendor-defined code 0x{(ulong)result:X}: the module's manual says what it means."
            : $"{operation}: unknown code 0x{(ulong)result:X}: newer than this build; the module's manual says what it means.";
    }

    /// <summary>Whether the code says that a session, handle or login is no longer good: worth one more try on a fresh one.</summary>
    internal static bool IsStale(CKR result) => result is
        CKR.CKR_SESSION_HANDLE_INVALID or CKR.CKR_SESSION_CLOSED or CKR.CKR_KEY_HANDLE_INVALID or CKR.CKR_OBJECT_HANDLE_INVALID or
        CKR.CKR_USER_NOT_LOGGED_IN or CKR.CKR_OPERATION_ACTIVE or CKR.CKR_OPERATION_NOT_INITIALIZED or CKR.CKR_CRYPTOKI_NOT_INITIALIZED or
        CKR.CKR_SLOT_ID_INVALID or CKR.CKR_TOKEN_NOT_PRESENT or CKR.CKR_DEVICE_REMOVED or CKR.CKR_DEVICE_ERROR or CKR.CKR_GENERAL_ERROR or CKR.CKR_FUNCTION_FAILED;

    internal static bool IsPinRefused(CKR result) => result is
        CKR.CKR_PIN_INCORRECT or CKR.CKR_PIN_LOCKED or CKR.CKR_PIN_EXPIRED or CKR.CKR_PIN_INVALID or CKR.CKR_PIN_LEN_RANGE or CKR.CKR_USER_PIN_NOT_INITIALIZED;

    /// <summary>Whether the call itself cannot work on this token, however healthy it is: no reason to open the breaker.</summary>
    internal static bool IsCallersFault(CKR result) => result is
        CKR.CKR_MECHANISM_INVALID or CKR.CKR_MECHANISM_PARAM_INVALID or CKR.CKR_KEY_SIZE_RANGE or CKR.CKR_KEY_TYPE_INCONSISTENT or CKR.CKR_CURVE_NOT_SUPPORTED or
        CKR.CKR_DOMAIN_PARAMS_INVALID or CKR.CKR_ATTRIBUTE_TYPE_INVALID or CKR.CKR_ATTRIBUTE_VALUE_INVALID or CKR.CKR_ATTRIBUTE_READ_ONLY or CKR.CKR_TEMPLATE_INCOMPLETE or
        CKR.CKR_TEMPLATE_INCONSISTENT or CKR.CKR_DATA_INVALID or CKR.CKR_DATA_LEN_RANGE or CKR.CKR_KEY_FUNCTION_NOT_PERMITTED or CKR.CKR_FUNCTION_NOT_SUPPORTED or
        CKR.CKR_ARGUMENTS_BAD or CKR.CKR_ENCRYPTED_DATA_INVALID or CKR.CKR_ENCRYPTED_DATA_LEN_RANGE;
}
