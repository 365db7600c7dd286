using AgentPki.Cryptography;
using AgentPki.Pkcs11;
using AgentPki.Pkcs11.Administration;
using AgentPki.Pkcs11.Errors;
using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;

namespace AgentPki.Server.Composition;

/// <summary>From the configuration to the token.</summary>
public static class TokenAccess
{
    /// <summary>What <see cref="Pkcs11Provider"/> needs. Touches nothing but the configuration of a token that keeps its objects in files.</summary>
    /// <exception cref="CommandException">The kind of token is unknown, or its module is not installed.</exception>
    public static Pkcs11Options OptionsOf(ApplianceHome home, ApplianceOptions options, Func<string, string?> variable)
    {
        var description = Describe(options.Token.Kind);
        var module = options.Token.Module.Length > 0 ? options.Token.Module : description.Modules.FirstOrDefault(File.Exists);
        if (module is null || !File.Exists(module))
        {
            throw new CommandException(
                ExitCodes.Environment,
                $"The PKCS#11 module of '{options.Token.Kind}' is not installed ({(module ?? string.Join(", ", description.Modules))}).",
                "Type: sudo apt-get install -y softhsm2, or name the module in agentpki.yaml (token.module).");
        }

        return new Pkcs11Options
        {
            Name = description.Name,
            ModulePath = module,
            TokenLabel = options.Token.Label,
            PinFile = Secrets.PinFile(home, options.Token.PinFile, variable),
            Token = description,
            Environment = TokenHome.Prepare(description, home.Root),
            MaxSessions = options.Token.Sessions,
            CallDeadline = options.Token.CallDeadline,
        };
    }

    /// <summary>Makes the development token unless there is one. One whose making was cut short is completed.</summary>
    /// <returns>Whether it was made now.</returns>
    /// <exception cref="CommandException">The module refuses.</exception>
    public static bool EnsureToken(ApplianceHome home, Pkcs11Options options)
    {
        Secrets.MakePins(home);
        try
        {
            return TokenAdministration.EnsureToken(options, home.OfficerPin);
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
