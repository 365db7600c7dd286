using System.Globalization;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Mechanisms;
using AgentPki.Pkcs11.Sessions;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;

namespace AgentPki.Pkcs11.Administration;

/// <summary>A token as it describes itself.</summary>
public sealed record TokenDetails(string Label, string Manufacturer, string Model, string SerialNumber, string FirmwareVersion, string CryptokiVersion, bool Initialized);

/// <summary>A private or secret key as the token describes it.</summary>
/// <param name="Label">CKA_LABEL as it stands in the token: <c>purpose/label</c>.</param>
/// <param name="AlwaysSensitive">Null where the token does not say.</param>
public sealed record TokenKeyDetails(string Label, string Kind, bool Sensitive, bool Extractable, bool? AlwaysSensitive, bool? NeverExtractable);

/// <summary>Making a token, and looking at one. Used by <c>up</c>, ceremonies and <c>doctor</c>; not on any request's path.</summary>
public static class TokenAdministration
{
    /// <summary>Writes a SoftHSM configuration whose token store is <paramref name="tokenDirectory"/>; both are made if missing.</summary>
    /// <returns>The native environment the module needs.</returns>
    public static IReadOnlyDictionary<string, string> PrepareSoftHsm(string configurationFile, string tokenDirectory)
    {
        Directory.CreateDirectory(tokenDirectory);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(tokenDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var content = $"directories.tokendir = {Path.GetFullPath(tokenDirectory)}\nobjectstore.backend = file\nobjectstore.umask = 0077\nlog.level = ERROR\nslots.removable = false\n";
        if (!File.Exists(configurationFile) || File.ReadAllText(configurationFile) != content)
        {
            File.WriteAllText(configurationFile, content);
        }

        return new Dictionary<string, string> { ["SOFTHSM2_CONF"] = Path.GetFullPath(configurationFile) };
    }

    /// <summary>Initialises a free slot of the module with a token of the options' label, unless there is one. True when it was made now.</summary>
    /// <exception cref="InvalidOperationException">The module has no free slot.</exception>
    /// <exception cref="Pkcs11Exception">The module refused.</exception>
    public static bool EnsureToken(Pkcs11Options options, string securityOfficerPinFile)
    {
        using var module = TokenModule.Acquire(options.ModulePath, options.Environment, options.Token.Preload);
        // A token without a user PIN is one whose making was cut short.
        var there = TokenConnection.FindSlot(module.Library, options.TokenLabel);
        if (there is not null && there.GetTokenInfo().TokenFlags.UserPinInitialized)
        {
            return false;
        }

        var free = there ?? module.Library.GetSlotList(SlotsType.WithTokenPresent).FirstOrDefault(s => !s.GetTokenInfo().TokenFlags.TokenInitialized)
            ?? throw new InvalidOperationException($"The module {options.ModulePath} has no free slot for a new token.");
        var (officer, user) = (PinFile.Read(securityOfficerPinFile), PinFile.Read(options.PinFile));
        try
        {
            if (there is null)
            {
                free.InitToken(officer, System.Text.Encoding.UTF8.GetBytes(options.TokenLabel));
            }

            // Slot numbers change when a token is initialised: look again.
            var slot = TokenConnection.FindSlot(module.Library, options.TokenLabel) ?? throw new InvalidOperationException("The token was initialised but cannot be found by its label.");
            using var session = slot.OpenSession(SessionType.ReadWrite);
            session.Login(CKU.CKU_SO, officer);
            session.InitPin(user);
            session.Logout();
            return true;
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(officer);
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(user);
        }
    }

    public static IReadOnlyList<TokenDetails> ListTokens(Pkcs11Options options)
    {
        using var module = TokenModule.Acquire(options.ModulePath, options.Environment, options.Token.Preload);
        var version = module.Library.GetInfo().CryptokiVersion;
        return [.. module.Library.GetSlotList(SlotsType.WithTokenPresent).Select(s => Describe(s.GetTokenInfo(), version))];
    }

    /// <summary>The mechanisms of the token, by name.</summary>
    public static IReadOnlyList<string> ListMechanisms(Pkcs11Options options)
    {
        using var module = TokenModule.Acquire(options.ModulePath, options.Environment, options.Token.Preload);
        var slot = TokenConnection.FindSlot(module.Library, options.TokenLabel) ?? throw new KeyUnavailableException($"No slot holds a token labelled '{options.TokenLabel}'.", TimeSpan.Zero);
        return [.. slot.GetMechanismList().Select(NewerMechanisms.NameOf).Order(StringComparer.Ordinal)];
    }

    /// <summary>Every private and secret key of the token with its protecting attributes.</summary>
    public static IReadOnlyList<TokenKeyDetails> ListKeys(Pkcs11Options options)
    {
        using var module = TokenModule.Acquire(options.ModulePath, options.Environment, options.Token.Preload);
        using var connection = TokenConnection.Open(module.Library, options, 0);
        using var session = connection.OpenSession();
        var attributes = TokenModule.Factories.ObjectAttributeFactory;
        List<TokenKeyDetails> keys = [];
        foreach (var objectClass in (CKO[])[CKO.CKO_PRIVATE_KEY, CKO.CKO_SECRET_KEY])
        {
            keys.AddRange(session.FindAllObjects([attributes.Create(CKA.CKA_CLASS, objectClass), attributes.Create(CKA.CKA_TOKEN, true)]).Select(k => Describe(session, k)));
        }

        return keys;
    }

    private static TokenDetails Describe(ITokenInfo info, string version) => new(
        info.Label.Trim(), info.ManufacturerId.Trim(), info.Model.Trim(), info.SerialNumber.Trim(), info.FirmwareVersion, version, info.TokenFlags.TokenInitialized);

    private static TokenKeyDetails Describe(ISession session, IObjectHandle key)
    {
        var values = session.GetAttributeValue(key, [CKA.CKA_LABEL, CKA.CKA_KEY_TYPE, CKA.CKA_SENSITIVE, CKA.CKA_EXTRACTABLE, CKA.CKA_ALWAYS_SENSITIVE, CKA.CKA_NEVER_EXTRACTABLE]);
        var type = (CKK)values[1].GetValueAsUlong();
        return new(
            values[0].GetValueAsString(),
            Enum.IsDefined(type) ? type.ToString() : ((ulong)type).ToString("X", CultureInfo.InvariantCulture),
            values[2].GetValueAsBool(),
            values[3].GetValueAsBool(),
            values[4].CannotBeRead ? null : values[4].GetValueAsBool(),
            values[5].CannotBeRead ? null : values[5].GetValueAsBool());
    }
}
