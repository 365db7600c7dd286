using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Security.Cryptography;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>
/// One login to one token: the slot it was found in, the anchor session that keeps the login alive (when the last session closes, the login ends and
/// private keys vanish from view), and the object handles found so far. Replaced as a whole when the token says that any of it is stale.
/// </summary>
internal sealed class TokenConnection : IDisposable
{
    private readonly ISlot _slot;
    private readonly ISession _anchor;

    private TokenConnection(ISlot slot, ISession anchor, long generation) => (_slot, _anchor, Generation) = (slot, anchor, generation);

    public long Generation { get; }

    /// <summary>Found once; finding costs several times a signature and grows with the number of objects.</summary>
    public ConcurrentDictionary<string, IObjectHandle> Handles { get; } = new(StringComparer.Ordinal);

    /// <exception cref="Pkcs11Exception">The token refused.</exception>
    /// <exception cref="TokenNotFoundException">No slot has a token of that label.</exception>
    public static TokenConnection Open(IPkcs11Library library, Pkcs11Options options, long generation)
    {
        var slot = FindSlot(library, options.TokenLabel) ?? throw new TokenNotFoundException(options.TokenLabel);
        var anchor = slot.OpenSession(SessionType.ReadWrite);
        try
        {
            Login(anchor, options.PinFile);
            return new(slot, anchor, generation);
        }
        catch
        {
            anchor.Dispose();
            throw;
        }
    }

    public ISession OpenSession() => _slot.OpenSession(SessionType.ReadWrite);

    public FrozenSet<CKM> Mechanisms() => _slot.GetMechanismList().ToFrozenSet();

    public static ISlot? FindSlot(IPkcs11Library library, string tokenLabel) =>
        library.GetSlotList(SlotsType.WithTokenPresent).FirstOrDefault(s =>
        {
            var info = s.GetTokenInfo();
            return info.TokenFlags.TokenInitialized && string.Equals(info.Label.Trim(), tokenLabel, StringComparison.Ordinal);
        });

    public void Dispose()
    {
        try
        {
            _anchor.Dispose();
        }
        catch (Pkcs11Exception)
        {
            // A token that is gone cannot close its sessions; there is nothing left to give back.
        }
    }

    private static void Login(ISession anchor, string pinFile)
    {
        var pin = PinFile.Read(pinFile);
        try
        {
            anchor.Login(CKU.CKU_USER, pin);
        }
        catch (Pkcs11Exception e) when (e.RV == CKR.CKR_USER_ALREADY_LOGGED_IN)
        {
            // The login is per token and process: another provider of this process made it.
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pin);
        }
    }
}

/// <summary>No slot of the module holds a token of that label.</summary>
internal sealed class TokenNotFoundException(string label) : Exception($"No slot holds a token labelled '{label}'.");
