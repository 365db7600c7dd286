using System.Collections.Concurrent;
using System.Security.Cryptography;
using AgentPki.Pkcs11.Errors;
using AgentPki.Pkcs11.Native;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.LowLevelAPI80;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>
/// C_Login, never twice with a PIN that was refused: tokens lock themselves after a few tries, and some never count (SoftHSM) so that somebody must. A
/// refusal holds until the process ends or an operator changes the PIN file.
/// </summary>
internal static class PinGuard
{
    private static readonly ConcurrentDictionary<(TokenModule Module, string Token, string PinFile), (long Length, DateTime Written, TokenCallException Refusal)> Refused = new();

    /// <exception cref="TokenCallException">The token refused, now or before.</exception>
    public static void LogIn(TokenModule module, ulong session, string token, string pinFile)
    {
        var key = (module, token, pinFile);
        var file = new FileInfo(pinFile);
        var (length, written) = file.Exists ? (file.Length, file.LastWriteTimeUtc) : default;
        if (Refused.TryGetValue(key, out var earlier) && (earlier.Length, earlier.Written) == (length, written))
        {
            throw new TokenCallException(earlier.Refusal.Call, earlier.Refusal.Explanation.Code);
        }

        var code = Call(module.Library, session, pinFile);
        if (code is CKR.CKR_OK or CKR.CKR_USER_ALREADY_LOGGED_IN)
        {
            // Login is per token and process: another part of it may have been first.
            Refused.TryRemove(key, out _);
            return;
        }

        var refusal = new TokenCallException($"C_Login(CKU_USER, token '{token}', PIN from {pinFile})", (ulong)code);
        if (refusal.Explanation.Reaction == TokenReaction.PinRefused)
        {
            Refused[key] = (length, written, refusal);
        }

        throw refusal;
    }

    private static CKR Call(Pkcs11Library library, ulong session, string pinFile)
    {
        var pin = PinFile.Read(pinFile);
        try
        {
            return library.C_Login(session, CKU.CKU_USER, pin, (ulong)pin.Length);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pin);
        }
    }
}
