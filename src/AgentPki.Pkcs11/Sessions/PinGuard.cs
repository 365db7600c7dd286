using System.Collections.Concurrent;
using System.Security.Cryptography;
using AgentPki.Pkcs11.Errors;
using AgentPki.Pkcs11.Native;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.LowLevelAPI80;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>
/// C_Login, never twice with a PIN that was refused: tokens lock themselves after a few tries, and some never count (SoftHSM) so that somebody must. A
/// refusal holds until the process ends or the PIN is another one: its file was changed, or it was given anew.
/// </summary>
internal static class PinGuard
{
    private static readonly ConcurrentDictionary<(TokenModule Module, string Token, string Pin), (object Version, TokenCallException Refusal)> Refused = new();

    /// <exception cref="TokenCallException">The token refused, now or before.</exception>
    /// <exception cref="InvalidOperationException">There is no PIN now.</exception>
    public static void LogIn(TokenModule module, ulong session, string token, PinSource pin)
    {
        var key = (module, token, pin.Identity);
        var version = pin.Version;
        if (Refused.TryGetValue(key, out var earlier) && earlier.Version.Equals(version))
        {
            throw new TokenCallException(earlier.Refusal.Call, earlier.Refusal.Explanation.Code);
        }

        var code = Call(module.Library, session, pin);
        if (code is CKR.CKR_OK or CKR.CKR_USER_ALREADY_LOGGED_IN)
        {
            // Login is per token and process: another part of it may have been first.
            Refused.TryRemove(key, out _);
            return;
        }

        var refusal = new TokenCallException($"C_Login(CKU_USER, token '{token}', {pin})", (ulong)code);
        if (refusal.Explanation.Reaction == TokenReaction.PinRefused)
        {
            Refused[key] = (version, refusal);
        }

        throw refusal;
    }

    private static CKR Call(Pkcs11Library library, ulong session, PinSource source)
    {
        var pin = source.Read();
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
