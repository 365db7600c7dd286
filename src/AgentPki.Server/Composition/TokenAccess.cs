using AgentPki.Cryptography;
using AgentPki.Pkcs11;
using AgentPki.Pkcs11.Administration;
using AgentPki.Pkcs11.Errors;
using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Locks;

namespace AgentPki.Server.Composition;

/// <summary>From the configuration to the token.</summary>
public static class TokenAccess
{
    /// <summary>What every token of the configuration needs, in its order.</summary>
    /// <exception cref="CommandException">The kind of a token is unknown, or its module is not installed; or its PIN is not where it should be.</exception>
    public static IReadOnlyList<Pkcs11Options> OptionsOf(ApplianceHome home, ApplianceOptions options, Func<string, string?> variable) => OptionsOf(home, options, variable, locks: null);

    /// <param name="locks">Have the PINs that officers put together; null for who has none: such a token then says that it is locked.</param>
    internal static IReadOnlyList<Pkcs11Options> OptionsOf(ApplianceHome home, ApplianceOptions options, Func<string, string?> variable, PinLocks? locks) =>
        [.. options.Tokens.Select(t => OptionsOf(home.Root, t, PinOf(home, options, t, variable, locks)))];

    /// <summary>What <see cref="Pkcs11Provider"/> needs. Touches nothing but the configuration of a token that keeps its objects in files.</summary>
    /// <param name="folder">Where such a token keeps its files: the appliance's home, or an officer's own folder.</param>
    /// <exception cref="CommandException">The kind of token is unknown, or its module is not installed.</exception>
    public static Pkcs11Options OptionsOf(string folder, TokenOptions token, PinSource pin)
    {
        var description = Describe(token.Kind);
        var module = token.Module.Length > 0 ? token.Module : description.Modules.FirstOrDefault(File.Exists);
        if (module is null || !File.Exists(module))
        {
            throw new CommandException(
                ExitCodes.Environment,
                $"The PKCS#11 module of '{token.Kind}' is not installed ({(module ?? string.Join(", ", description.Modules))}).",
                $"{(token.Kind == "softhsm" ? "Type: sudo apt-get install -y softhsm2" : $"hsm-config/{token.Kind}/README.md says how it is installed")}, or name the module in agentpki.yaml (token.module).");
        }

        return new Pkcs11Options
        {
            Name = token.Name,
            ModulePath = module,
            TokenLabel = token.Label,
            Pin = pin,
            MirrorOf = token.MirrorOf.Length > 0 ? token.MirrorOf : null,
            Token = description,
            Environment = TokenHome.Prepare(description, folder),
            MaxSessions = token.Sessions,
            CallDeadline = token.CallDeadline,
        };
    }

    /// <summary>How an officer's card is reached: a token of a kind that hsm-config knows, by its label.</summary>
    /// <param name="folder">Where a kind that keeps its objects in files has them.</param>
    /// <exception cref="CommandException">The kind is unknown, or its module is not installed.</exception>
    internal static Pkcs11Options OptionsOfCard(string folder, string kind, string label, PinSource pin) =>
        OptionsOf(folder, new TokenOptions("card", kind, "", label, PinOrigin.File, "", "", 1, TimeSpan.FromSeconds(30)), pin);

    /// <summary>Makes the development token unless there is one. One whose making was cut short is completed.</summary>
    /// <returns>Whether it was made now.</returns>
    /// <exception cref="CommandException">The module refuses.</exception>
    public static bool EnsureToken(ApplianceHome home, TokenOptions token, Pkcs11Options options)
    {
        var officerPin = home.Resolve(token.OfficerPinFile);
        Secrets.MakePins(officerPin);
        if (options.Pin is PinInFile userPin)
        {
            Secrets.MakePins(userPin.Path);
        }

        try
        {
            return TokenAdministration.EnsureToken(options, officerPin);
        }
        catch (Exception error) when (error is InvalidOperationException or KeyUnavailableException or TokenCallException)
        {
            throw new CommandException(ExitCodes.Environment, $"The token '{options.TokenLabel}' could not be made: {error.Message}", "Type 'agentpki doctor'.", error);
        }
    }

    /// <summary>Opens the token and logs in.</summary>
    /// <exception cref="CommandException">It is not there, or refuses; the message says why.</exception>
    public static async Task<Pkcs11Provider> OpenAsync(Pkcs11Options options, TimeProvider clock, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        try
        {
            return await Pkcs11Provider.OpenAsync(options, clock, loggers.CreateLogger<Pkcs11Provider>(), cancellationToken);
        }
        catch (Exception error) when (error is KeyUnavailableException or ArgumentException or InvalidOperationException)
        {
            throw new CommandException(ExitCodes.Environment, $"The token '{options.TokenLabel}' cannot be used: {error.Message}", "Type 'agentpki doctor'.", error);
        }
    }

    /// <summary>The same for one of a pair: it may be away, and is found when it comes back. Its breaker opens at the first failure: nobody need wait for what another token does at once.</summary>
    /// <exception cref="CommandException">Its configuration is wrong; the message says why.</exception>
    public static async Task<Pkcs11Provider> OpenOrAwaitAsync(Pkcs11Options options, TimeProvider clock, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        try
        {
            return await Task.Run(() => Pkcs11Provider.Open(options with { BreakerFailures = 1 }, clock, loggers.CreateLogger<Pkcs11Provider>()), cancellationToken);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            throw new CommandException(ExitCodes.Environment, $"The token '{options.TokenLabel}' cannot be used: {error.Message}", "Type 'agentpki doctor'.", error);
        }
    }

    /// <summary>Whether a token of that kind keeps its objects in files of the home.</summary>
    /// <exception cref="CommandException">The kind is unknown.</exception>
    internal static bool LivesInFiles(TokenOptions token) => Describe(token.Kind).HomeFolders.Count > 0;

    private static PinSource PinOf(ApplianceHome home, ApplianceOptions options, TokenOptions token, Func<string, string?> variable, PinLocks? locks) => PinLocks.OriginOf(home, options, token, variable) switch
    {
        PinOrigin.File => new PinInFile(Secrets.PinFile(home, token.PinFile, PinLocks.CredentialOf(options, token), variable)),
        PinOrigin.Sealed => new PinInFile(Secrets.FindCredential(PinLocks.CredentialOf(options, token), variable) ?? throw new CommandException(
            ExitCodes.Environment,
            $"The PIN of token '{token.Name}' is to come from a systemd credential (token.pin: sealed), and there is no credential '{PinLocks.CredentialOf(options, token)}'.",
            $"Seal it to this machine with 'systemd-creds encrypt' and give it to the service with LoadCredentialEncrypted= (packaging/systemd).")),
        PinOrigin.Quorum => locks?.Find(token.Name) ?? new PinInMemory(PinLocks.WhyMissing(token.Name)),
    };

    private static TokenDescription Describe(string kind)
    {
        try
        {
            return kind.EndsWith(".yaml", StringComparison.Ordinal) ? TokenDescription.Load(kind) : TokenDescription.Shipped(kind);
        }
        catch (FormatException error)
        {
            throw new CommandException(ExitCodes.Usage, $"agentpki.yaml: token.kind: {error.Message}", "Choose one of the folders in hsm-config/.", error);
        }
    }
}
