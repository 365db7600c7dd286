using System.Collections.Frozen;
using AgentPki.Pkcs11.Errors;
using AgentPki.Pkcs11.Native;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.LowLevelAPI80;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>
/// One login to one token: the slot it was found in and the anchor session that keeps the login alive (when the last session closes, the login ends and
/// private keys vanish from view). Replaced as a whole when the token says that any of it is stale; each has its own epoch for object handles.
/// </summary>
internal sealed class TokenConnection
{
    private const ulong SessionFlags = CKF.CKF_SERIAL_SESSION | CKF.CKF_RW_SESSION;

    private readonly TokenModule _module;
    private readonly Pkcs11Options _options;
    private readonly ulong _anchor;
    private readonly Lock _anchorGate = new();

    private TokenConnection(TokenModule module, Pkcs11Options options, TokenInformation token, ulong anchor, long epoch)
    {
        (_module, _options, _anchor, Token, Epoch) = (module, options, anchor, token, epoch);
        Generation = module.Generation;
        Mechanisms = TokenInformation.Mechanisms(module.Library, token.Slot).ToFrozenSet();
    }

    public long Epoch { get; }

    /// <summary>The module's generation that this belongs to.</summary>
    public long Generation { get; }

    public TokenInformation Token { get; }

    public FrozenSet<ulong> Mechanisms { get; }

    /// <summary>Finds the token, opens the anchor and logs in. The caller holds the module's gate, as for everything here.</summary>
    /// <exception cref="TokenCallException">The token refused.</exception>
    /// <exception cref="TokenNotFoundException">No slot has that token.</exception>
    public static TokenConnection Open(TokenModule module, Pkcs11Options options, long epoch)
    {
        var token = TokenInformation.Find(module.Library, options.TokenLabel, options.TokenSerial);
        var anchor = OpenSession(module.Library, token);
        try
        {
            PinGuard.LogIn(module, anchor, options.TokenLabel, options.Pin);
            return new(module, options, token, anchor, epoch);
        }
        catch
        {
            _ = module.Library.C_CloseSession(anchor);
            throw;
        }
    }

    /// <summary>A session for one thread to own.</summary>
    public ulong OpenSession()
    {
        var session = OpenSession(_module.Library, Token);
        if (_options.Token.LoginPerSession)
        {
            PinGuard.LogIn(_module, session, _options.TokenLabel, _options.Pin);
        }

        return session;
    }

    public void CloseSession(ulong session)
    {
        if (Generation == _module.Generation)
        {
            // The token may have closed it already, or be gone: nothing is left to give back, then.
            _ = _module.Library.C_CloseSession(session);
        }
    }

    /// <summary>Logs in again unless somebody just did; throws when the anchor is dead, too.</summary>
    public void LogInAgain()
    {
        lock (_anchorGate)
        {
            var info = default(CK_SESSION_INFO);
            var code = _module.Library.C_GetSessionInfo(_anchor, ref info);
            if (code != CKR.CKR_OK)
            {
                throw new TokenCallException("C_GetSessionInfo", (ulong)code);
            }

            if (info.State is not ((ulong)CKS.CKS_RW_USER_FUNCTIONS or (ulong)CKS.CKS_RO_USER_FUNCTIONS))
            {
                PinGuard.LogIn(_module, _anchor, _options.TokenLabel, _options.Pin);
            }
        }
    }

    /// <summary>Whether the anchor still holds a login; asked after a session died, since its neighbours may have died with it.</summary>
    public bool IsAlive()
    {
        lock (_anchorGate)
        {
            var info = default(CK_SESSION_INFO);
            return Generation == _module.Generation && _module.Library.C_GetSessionInfo(_anchor, ref info) == CKR.CKR_OK &&
                info.State is (ulong)CKS.CKS_RW_USER_FUNCTIONS or (ulong)CKS.CKS_RO_USER_FUNCTIONS;
        }
    }

    /// <summary>Closes the anchor.</summary>
    public void Close()
    {
        lock (_anchorGate)
        {
            CloseSession(_anchor);
        }
    }

    private static ulong OpenSession(Pkcs11Library library, TokenInformation token)
    {
        ulong session = 0;
        var code = library.C_OpenSession(token.Slot, SessionFlags, IntPtr.Zero, IntPtr.Zero, ref session);
        return code == CKR.CKR_OK ? session : throw new TokenCallException($"C_OpenSession(token '{token.Label}')", (ulong)code);
    }
}
