using System.Security.Cryptography;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Steps;
using AgentPki.Cryptography;
using AgentPki.Pkcs11;
using AgentPki.Pkcs11.Administration;
using AgentPki.Pkcs11.Errors;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Ceremony;

/// <summary>The home that a ceremony works on: its tokens by PKCS#11, its secrets as files. The home's lock is held by whoever made this.</summary>
internal sealed class CeremonyHome(ApplianceHome home, ApplianceOptions options, Func<string, string?> variable, TimeProvider clock, ILoggerFactory loggers) : ICeremonyHome
{
    private const string ProviderPrefix = "pkcs11:", TransportLabel = "transport";
    private IReadOnlyList<Pkcs11Options> _open = [];

    public string Name => options.Name;

    public string KeyPrefix => options.KeyPrefix;

    public IReadOnlyList<string> Tokens => [.. options.Tokens.Select(t => t.Name)];

    public IReadOnlyList<(string Name, string? Value)> DescribeToken(string token) => Ask(token, "describe itself", () =>
    {
        var access = OptionsOf(token);
        if (TokenAdministration.ListTokens(access).FirstOrDefault(t => IsThis(t, access)) is not { Initialized: true, HasUserPin: true })
        {
            return [("initialised", "no"), ("module", access.ModulePath)];
        }

        var record = TokenAdministration.Describe(access);
        return (IReadOnlyList<(string, string?)>)
        [
            ("initialised", "yes"),
            ("label", record.Label),
            ("serial", OrNone(record.SerialNumber)),
            ("manufacturer", OrNone(record.Manufacturer)),
            ("model", OrNone(record.Model)),
            ("hardware", record.HardwareVersion),
            ("firmware", record.FirmwareVersion),
            ("cryptoki", record.CryptokiVersion),
            ("library", OrNone(record.Library)),
            ("mechanisms", string.Join(' ', record.Mechanisms)),
        ];
    });

    public ValueTask<IReadOnlyList<(string Name, string? Value)>> DescribeKeyAsync(KeyReference reference, CancellationToken cancellationToken) => ValueTask.FromResult(Ask(TokenOf(reference), $"describe key '{reference.Label}'", () =>
    {
        var record = TokenAdministration.DescribeKey(OpenOptionsOf(TokenOf(reference)), reference.Label) ?? throw new CeremonyException($"The token has no key '{reference.Label}'.");
        return (IReadOnlyList<(string, string?)>)
        [
            ("token", TokenOf(reference)),
            .. record.Private.Select(a => (a.Name, OrNone(a.Value))),
            ("attestation", record.AttestationFinding),
            ("attestation-octets", record.Attestation is { } octets ? Convert.ToBase64String(octets) : null),
        ];
    }));

    public void InitialiseToken(string token, ReadOnlyMemory<byte> securityOfficerPin, ReadOnlyMemory<byte> userPin)
    {
        using var officer = PinInMemory.Holding(securityOfficerPin.Span);
        using var user = PinInMemory.Holding(userPin.Span);
        _ = Ask(token, "be initialised", () =>
        {
            TokenAdministration.Initialize(OptionsOf(token) with { Pin = user }, officer);
            return true;
        });
    }

    public bool HasOwnQuorum(string token) => OptionsOf(token).Token.Quorum is not null;

    public SealedSecret? FindSealedPin(string token, bool securityOfficer) => Read(SealedPin(token, securityOfficer));

    private static SealedSecret? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        return SealedSecret.TryParse(File.ReadAllBytes(path), out var secret, out var problem) ? secret : throw new CeremonyException($"{path} cannot be read: {problem}. Restore it from the evidence of the ceremony that made it.");
    }

    public void KeepSealedPin(string token, bool securityOfficer, SealedSecret pin) => PrivateFile.Write(SealedPin(token, securityOfficer), pin.Encode());

    public SealedSecret? FindNextPin(string token, bool securityOfficer) => Read(NextPin(token, securityOfficer));

    public void KeepNextPin(string token, bool securityOfficer, SealedSecret? pin)
    {
        if (pin is null)
        {
            File.Delete(NextPin(token, securityOfficer));
        }
        else
        {
            PrivateFile.Write(NextPin(token, securityOfficer), pin.Encode());
        }
    }

    public bool TryChangePin(string token, bool securityOfficer, ReadOnlyMemory<byte> before, ReadOnlyMemory<byte> after)
    {
        using var old = PinInMemory.Holding(before.Span);
        using var fresh = PinInMemory.Holding(after.Span);
        return Ask(token, "change a PIN", () =>
        {
            try
            {
                if (securityOfficer)
                {
                    TokenAdministration.ChangeOfficerPin(OptionsOf(token), old, fresh);
                }
                else
                {
                    TokenAdministration.ChangeUserPin(OptionsOf(token) with { Pin = old }, fresh);
                }

                return true;
            }
            catch (TokenCallException error) when (error.IsWrongPin)
            {
                return false;
            }
        });
    }

    public OfficerRoster? FindRoster()
    {
        if (!File.Exists(home.Roster))
        {
            return null;
        }

        return OfficerRoster.TryParse(File.ReadAllBytes(home.Roster), ProviderList.SoftwareOnly, out var roster, out var problem)
            ? roster
            : throw new CeremonyException($"{home.Roster} cannot be read: {problem}. Restore it from the evidence of the last ceremony that changed the officers.");
    }

    public void KeepRoster(OfficerRoster roster)
    {
        Directory.CreateDirectory(home.Officers);
        foreach (var officer in roster.Officers)
        {
            PrivateFile.Write(Path.Combine(home.Officers, $"{officer.Name}.officer"), officer.Encode());
        }

        foreach (var gone in Directory.EnumerateFiles(home.Officers, "*.officer").Where(p => roster.Find(Path.GetFileNameWithoutExtension(p)) is null))
        {
            File.Delete(gone);
        }

        PrivateFile.Write(home.Roster, roster.Encode());
    }

    public void KeepServicePin(string token, ReadOnlyMemory<byte> pin) => PrivateFile.Write(ServicePin(token), pin.Span);

    public byte[]? ReadServicePin(string token) => File.Exists(ServicePin(token)) ? PinFile.Read(ServicePin(token)) : null;

    public async Task<OpenHome> OpenAsync(IReadOnlyDictionary<string, byte[]> pins, CancellationToken cancellationToken)
    {
        var held = new List<PinInMemory>();
        try
        {
            var access = new List<Pkcs11Options>();
            foreach (var token in Tokens.Where(t => DescribeToken(t).Any(f => f is { Name: "initialised", Value: "yes" })))
            {
                if (pins.TryGetValue(token, out var pin))
                {
                    held.Add(PinInMemory.Holding(pin));
                }

                // A second token is one of its own here: a ceremony puts keys into it.
                var own = OptionsOf(token) with { MirrorOf = null };
                access.Add(pin is null ? own : own with { Pin = held[^1] });
            }

            if (access.Count == 0)
            {
                throw new CeremonyException("No token of this home is initialised: the step 'initialise-token' comes first.");
            }

            var parts = await ApplianceParts.OpenAsync(home, options, access, KeyPlacement.TokenOnly, clock, loggers, cancellationToken);
            _open = access;
            return new OpenHome(parts.Environment, async () =>
            {
                _open = [];
                await parts.DisposeAsync();
                held.ForEach(h => h.Dispose());
            });
        }
        catch (CommandException error)
        {
            held.ForEach(h => h.Dispose());
            throw new CeremonyException($"{error.Message} {error.Remedy}", error);
        }
    }

    public IReadOnlyList<(string Name, byte[] Text)> ReadProfiles() => ProfileFiles.ReadAll(home);

    public ValueTask DestroyKeyAsync(OpenHome open, KeyReference reference, PublicKey publicKey, CancellationToken cancellationToken)
    {
        _ = Ask(TokenOf(reference), $"destroy key '{reference.Label}'", () =>
        {
            TokenAdministration.DestroyKey(OpenOptionsOf(TokenOf(reference)), reference.Label, Convert.ToHexStringLower(publicKey.Fingerprint()));
            return true;
        });
        return ValueTask.CompletedTask;
    }

    public ValueTask<PublicKey> OpenTransportKeyAsync(OpenHome open, string token, CancellationToken cancellationToken) =>
        AskAsync(token, "make a transport key", () => ProviderOf(open, token).OpenTransportKeyAsync(TransportLabel, cancellationToken));

    public ValueTask<byte[]> ExportKeyAsync(OpenHome open, KeyReference reference, PublicKey transportKey, CancellationToken cancellationToken) =>
        AskAsync(TokenOf(reference), $"wrap key '{reference.Label}'", async () => (await ProviderOf(open, TokenOf(reference)).ExportKeyAsync(reference.Label, transportKey, cancellationToken)).Encode());

    public string KeepWrappedKey(string label, ReadOnlyMemory<byte> wrapped)
    {
        Directory.CreateDirectory(home.Transport);
        var path = Path.Combine(home.Transport, $"{label}.wrapped.json");
        PrivateFile.Write(path, wrapped.Span);
        return path;
    }

    public ValueTask<ISigningKey> ImportKeyAsync(OpenHome open, string token, ReadOnlyMemory<byte> wrapped, string publicKeySha256, CancellationToken cancellationToken)
    {
        if (!TransportedKey.TryParse(wrapped.Span, out var key, out var problem))
        {
            throw new CeremonyException($"The file is no wrapped key: {problem}.");
        }

        return AskAsync(token, "unwrap the key", () => ProviderOf(open, token).ImportKeyAsync(key, TransportLabel, publicKeySha256, cancellationToken));
    }

    public async Task WriteAnchorsAsync(OpenHome open, CancellationToken cancellationToken)
    {
        var authorities = await open.Environment.Stores.Authorities.ListAsync(cancellationToken);
        var root = authorities.FirstOrDefault(a => a.Issuer == a.Name);
        if (root is null)
        {
            return;
        }

        var issuing = authorities.FirstOrDefault(a => a.Issuer == root.Name && a.Name != root.Name) ?? root;
        Anchors.Write(home, Certificate.Parse(root.Der), Certificate.Parse(issuing.Der));
        await using var key = await KeySearch.FindAsync(open.Environment.Providers, CeremonyOptions.CheckpointLabel(KeyPrefix), null, cancellationToken);
        if (key is not null)
        {
            Anchors.WriteLedgerKey(home, key.PublicKey);
        }

        await using var second = await KeySearch.FindAsync(open.Environment.Providers, CeremonyOptions.SecondCheckpointLabel(KeyPrefix), null, cancellationToken);
        Anchors.WriteSecondLedgerKey(home, second?.PublicKey);
    }

    private static bool IsThis(TokenDetails token, Pkcs11Options access) => token.Label == (access.Token.Initialization?.FixedLabel ?? access.TokenLabel);

    private static string? OrNone(string value) => value.Trim().Length == 0 ? null : value.Trim();

    private string TokenOf(KeyReference reference) => reference.Provider.StartsWith(ProviderPrefix, StringComparison.Ordinal)
        ? reference.Provider[ProviderPrefix.Length..]
        : throw new CeremonyException($"Key '{reference.Label}' is kept by '{reference.Provider}', which is no token.");

    private Pkcs11Options OpenOptionsOf(string token) => _open.FirstOrDefault(o => o.Name == token) ?? throw new CeremonyException($"Token '{token}' is not open.");

    private Pkcs11Options OptionsOf(string token)
    {
        var index = options.Tokens.ToList().FindIndex(t => t.Name == token);
        return index >= 0 ? TokenAccess.OptionsOf(home, options, variable)[index] : throw new CeremonyException($"There is no token '{token}' in agentpki.yaml; there are: {string.Join(", ", Tokens)}.");
    }

    private string SealedPin(string token, bool securityOfficer) => home.SealedPin(securityOfficer, token == Tokens[0] ? null : token);

    private string NextPin(string token, bool securityOfficer) => SealedPin(token, securityOfficer) + ".next";

    private string ServicePin(string token)
    {
        var access = OptionsOf(token);
        return access.Pin is PinInFile file ? file.Path : home.UserPin;
    }

    private static Pkcs11Provider ProviderOf(OpenHome open, string token) =>
        open.Environment.Providers.Find(ProviderPrefix + token) as Pkcs11Provider ?? throw new CeremonyException($"Token '{token}' is not open.");

    private static async ValueTask<T> AskAsync<T>(string token, string what, Func<ValueTask<T>> question)
    {
        try
        {
            return await question();
        }
        catch (Exception error) when (error is InvalidOperationException or KeyUnavailableException or TokenCallException or NotSupportedException or ArgumentException or CryptographicException)
        {
            throw new CeremonyException($"Token '{token}' cannot {what}: {error.Message}", error);
        }
    }

    private static T Ask<T>(string token, string what, Func<T> question)
    {
        try
        {
            return question();
        }
        catch (Exception error) when (error is InvalidOperationException or KeyUnavailableException or TokenCallException or NotSupportedException or CommandException or ArgumentException)
        {
            throw new CeremonyException($"Token '{token}' cannot {what}: {error.Message}", error);
        }
    }
}
