using System.Security.Cryptography;
using System.Text;
using AgentPki.Pkcs11.Errors;
using AgentPki.Pkcs11.Mechanisms;
using AgentPki.Pkcs11.Native;
using AgentPki.Pkcs11.Sessions;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.LowLevelAPI80;

namespace AgentPki.Pkcs11.Administration;

/// <summary>Making a token, and looking at one. Used by <c>up</c>, ceremonies and <c>doctor</c>; calls block, so not on any request's path.</summary>
public sealed partial class TokenAdministration
{
    private const ulong SessionFlags = CKF.CKF_SERIAL_SESSION | CKF.CKF_RW_SESSION;

    private readonly TokenModule _module;
    private readonly Pkcs11Options _options;

    private TokenAdministration(TokenModule module, Pkcs11Options options) => (_module, _options) = (module, options);

    /// <summary>
    /// Initialises a token of the options' label with the PINs in two files; files that do not exist are made with random PINs and mode 0600. A token that
    /// is initialised already is left alone; one whose initialisation was interrupted is finished.
    /// </summary>
    /// <returns>True when it was made now.</returns>
    /// <exception cref="TokenCallException">The token refused.</exception>
    /// <exception cref="NotSupportedException">This kind of token is initialised with its maker's own tool.</exception>
    /// <exception cref="InvalidOperationException">The module has no free token.</exception>
    public static bool EnsureToken(Pkcs11Options options, string securityOfficerPinFile) => With(options, a => a.Ensure(new PinInFile(securityOfficerPinFile)), alone: true);

    /// <summary>
    /// Makes a token of the options' label that was not there before, with the security officer's PIN and the options' user PIN. One whose initialisation
    /// was interrupted is finished; one that has its user PIN already is refused and not touched.
    /// </summary>
    /// <exception cref="TokenCallException">The token refused: a PIN's length, say.</exception>
    /// <exception cref="NotSupportedException">This kind of token is initialised with its maker's own tool.</exception>
    /// <exception cref="InvalidOperationException">There is such a token already, or the module has no free one.</exception>
    public static void Initialize(Pkcs11Options options, PinSource securityOfficerPin) => With(
        options,
        a => a.Ensure(securityOfficerPin) ? true : throw new InvalidOperationException(
            $"The token '{options.TokenLabel}' is initialised and has its user PIN; nothing was changed. Choose another label, or wipe it first with its own tool if all its keys may go."),
        alone: true);

    /// <summary>C_SetPIN as the user: from the options' PIN to another.</summary>
    /// <exception cref="TokenCallException">The token refused: the old PIN is wrong, or the new one's length.</exception>
    /// <exception cref="InvalidOperationException">There is no such token.</exception>
    public static void ChangeUserPin(Pkcs11Options options, PinSource newPin) => With(options, a => a.ChangePin(CKU.CKU_USER, options.Pin, newPin), alone: true);

    /// <summary>C_SetPIN as the security officer. Nobody may be logged in through this process meanwhile.</summary>
    /// <exception cref="TokenCallException">The token refused: the old PIN is wrong, the new one's length, or somebody is logged in.</exception>
    /// <exception cref="NotSupportedException">This kind of token has no security officer's PIN.</exception>
    /// <exception cref="InvalidOperationException">There is no such token.</exception>
    public static void ChangeOfficerPin(Pkcs11Options options, PinSource securityOfficerPin, PinSource newPin) => With(
        options,
        a => options.Token.Initialization is { EmptySoPin: true }
            ? throw new NotSupportedException($"A token of kind '{options.Token.Name}' has no security officer's PIN once its user PIN is set: there is none to change.")
            : a.ChangePin(CKU.CKU_SO, securityOfficerPin, newPin),
        alone: true);

    /// <summary>All tokens of the module, uninitialised ones included.</summary>
    /// <exception cref="TokenCallException">The module refused.</exception>
    public static IReadOnlyList<TokenDetails> ListTokens(Pkcs11Options options) => With(options, a => TokenInformation.All(a._module.Library)
        .Select(t => new TokenDetails(t.Label, t.Serial, t.Manufacturer, t.Model, t.Firmware, a.LibraryInformation().Cryptoki, t.IsInitialized, t.HasUserPin)).ToList());

    /// <summary>The token's mechanisms by name, or by number where no standard up to v2.40 names them.</summary>
    /// <exception cref="InvalidOperationException">There is no such token.</exception>
    public static IReadOnlyList<string> ListMechanisms(Pkcs11Options options) => With(options, a => a.Mechanisms(a.Find()));

    /// <summary>The interfaces that the module names (<c>PKCS 11 3.2</c>); none for one older than PKCS#11 v3.0.</summary>
    /// <exception cref="TokenCallException">The module refused.</exception>
    public static IReadOnlyList<string> ListInterfaces(Pkcs11Options options) => With(options, _ => Cryptoki32.Interfaces(Path.GetFullPath(options.ModulePath)));

    /// <summary>Whether the module has the functions of PKCS#11 v3.2 for key encapsulation.</summary>
    internal static bool HasEncapsulation(Pkcs11Options options) => With(options, a => a._module.Version32 is not null);

    /// <summary>Private and secret keys with the attributes that tell whether they can leave.</summary>
    /// <exception cref="TokenCallException">The token refused, the PIN perhaps.</exception>
    /// <exception cref="InvalidOperationException">There is no such token.</exception>
    public static IReadOnlyList<TokenKeyDetails> ListKeys(Pkcs11Options options) => With(options, a => a.LoggedIn(session => KeyListing.Read(session, options.Token)));

    private static T With<T>(Pkcs11Options options, Func<TokenAdministration, T> work, bool alone = false)
    {
        options.Validate();
        var module = TokenModule.Acquire(options.ModulePath, options.Environment, options.Token.Preload);
        (alone ? (Action)module.EnterAlone : module.Enter)();
        try
        {
            return work(new TokenAdministration(module, options));
        }
        finally
        {
            (alone ? (Action)module.ExitAlone : module.Exit)();
            module.Release();
        }
    }

    private bool Ensure(PinSource securityOfficerPin)
    {
        var how = _options.Token.Initialization ?? throw new NotSupportedException($"A token of kind '{_options.Token.Name}' is initialised with its maker's own tool.");
        var found = TokenInformation.All(_module.Library).FirstOrDefault(t => t.Label == (how.FixedLabel ?? _options.TokenLabel) && (t.IsInitialized || how.FixedLabel is not null));
        if (found is { HasUserPin: true })
        {
            return false;
        }

        securityOfficerPin.EnsurePresent();
        _options.Pin.EnsurePresent();
        if (found is null)
        {
            InitializeToken(_options.TokenLabel, securityOfficerPin);
            found = Find();
        }

        SetUserPin(found, how.EmptySoPin ? null : securityOfficerPin);
        return true;
    }

    private delegate T SessionWork<T>(TokenSession session);

    /// <summary>In a session of its own, logged in as the user; one that is logged in already in this process is joined.</summary>
    private T LoggedIn<T>(SessionWork<T> work)
    {
        var handle = OpenSession(Find());
        try
        {
            PinGuard.LogIn(_module, handle, _options.TokenLabel, _options.Pin);
            return work(new TokenSession(_module, handle, epoch: 0));
        }
        finally
        {
            _ = _module.Library.C_CloseSession(handle);
        }
    }

    private (string Cryptoki, string Description) LibraryInformation()
    {
        var info = default(CK_INFO);
        Check(_module.Library.C_GetInfo(ref info), "C_GetInfo");
        return ($"{info.CryptokiVersion}", $"{TokenInformation.Text(info.ManufacturerId)} {TokenInformation.Text(info.LibraryDescription)} {info.LibraryVersion}".Trim());
    }

    private List<string> Mechanisms(TokenInformation token) => [.. TokenInformation.Mechanisms(_module.Library, token.Slot).Select(CryptokiNames.Mechanism).Order(StringComparer.Ordinal)];

    private TokenInformation Find()
    {
        try
        {
            return TokenInformation.Find(_module.Library, _options.TokenLabel, _options.TokenSerial);
        }
        catch (TokenNotFoundException e)
        {
            throw new InvalidOperationException(e.Message, e);
        }
    }

    private void InitializeToken(string label, PinSource securityOfficerPin)
    {
        var free = TokenInformation.FindFreeSlot(_module.Library)
            ?? throw new InvalidOperationException("The module has no uninitialised token left; remove one, or name an existing token.");
        var padded = Encoding.UTF8.GetBytes(label.PadRight(32));
        var pin = securityOfficerPin.Read();
        try
        {
            Check(_module.Library.C_InitToken(free, pin, (ulong)pin.Length, padded), $"C_InitToken('{label}')");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pin);
        }
    }

    private void SetUserPin(TokenInformation token, PinSource? securityOfficerPin)
    {
        var library = _module.Library;
        var soPin = securityOfficerPin?.Read() ?? [];
        var userPin = _options.Pin.Read();
        var session = OpenSession(token);
        try
        {
            Check(library.C_Login(session, CKU.CKU_SO, soPin, (ulong)soPin.Length), $"C_Login(CKU_SO, token '{token.Label}')");
            Check(library.C_InitPIN(session, userPin, (ulong)userPin.Length), $"C_InitPIN(token '{token.Label}')");
            Check(library.C_Logout(session), "C_Logout");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(soPin);
            CryptographicOperations.ZeroMemory(userPin);
            _ = library.C_CloseSession(session);
        }
    }

    /// <summary>PKCS#11 v2.40 §5.5 C_SetPIN: changes the PIN of whoever is logged in. One wrong old PIN is one try; the token counts it.</summary>
    private bool ChangePin(CKU user, PinSource from, PinSource to)
    {
        var library = _module.Library;
        var token = Find();
        var (oldPin, newPin) = (from.Read(), to.Read());
        var session = OpenSession(token);
        try
        {
            var login = library.C_Login(session, user, oldPin, (ulong)oldPin.Length);
            // A provider of this process may hold the user's login; it is not ended here.
            var isOurs = login != CKR.CKR_USER_ALREADY_LOGGED_IN;
            Check(isOurs ? login : CKR.CKR_OK, $"C_Login({user}, token '{token.Label}')");
            Check(library.C_SetPIN(session, oldPin, (ulong)oldPin.Length, newPin, (ulong)newPin.Length), $"C_SetPIN({user}, token '{token.Label}')");
            if (isOurs)
            {
                Check(library.C_Logout(session), "C_Logout");
            }

            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(oldPin);
            CryptographicOperations.ZeroMemory(newPin);
            _ = library.C_CloseSession(session);
        }
    }

    private ulong OpenSession(TokenInformation token)
    {
        ulong session = 0;
        Check(_module.Library.C_OpenSession(token.Slot, SessionFlags, IntPtr.Zero, IntPtr.Zero, ref session), $"C_OpenSession(token '{token.Label}')");
        return session;
    }

    private static void Check(CKR code, string call)
    {
        if (code != CKR.CKR_OK)
        {
            throw new TokenCallException(call, (ulong)code);
        }
    }
}
