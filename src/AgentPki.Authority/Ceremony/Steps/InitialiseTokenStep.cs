using System.Security.Cryptography;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Cryptography.Providers.Pinned;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>
/// Initialises a token with PINs that nobody has seen: random digits, the security officer's always shared among the officers, the user's shared too or
/// kept for the service.
/// </summary>
internal sealed class InitialiseTokenStep() : StepKind(
    "initialise-token",
    "Initialises a token; its PINs are random and seen by nobody.",
    StepField.Text("token", "the token's name in agentpki.yaml", required: true),
    StepField.Word("pin", "who opens the token: service (it starts by itself) or quorum (only officers together)", "quorum", "quorum", "service"))
{
    private const int PinDigits = 24;

    // It makes what the others open.
    public override bool NeedsTokens => false;

    public override string Describe(PlannedStep step) => step["pin"] == "quorum"
        ? $"initialise token '{step["token"]}', whose PINs are shared among the officers"
        : $"initialise token '{step["token"]}', which opens by itself; the security officer's PIN is shared among the officers";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var (home, token) = (context.Home, context.Step["token"]);
        if (!home.Tokens.Contains(token))
        {
            throw new CeremonyException($"There is no token '{token}' in agentpki.yaml; there are: {string.Join(", ", home.Tokens)}.");
        }

        var quorum = context.Step["pin"] == "quorum";
        if (IsInitialised(home, token))
        {
            // A try before was cut off after the token had taken the PINs, which were kept before that.
            if (home.FindSealedPin(token, securityOfficer: true) is null || (quorum && home.FindSealedPin(token, securityOfficer: false) is null))
            {
                throw new CeremonyException($"Token '{token}' is initialised already, and its PINs are not those of this ceremony. Take another token, or reset this one with its maker's tool.");
            }

            await RecordAsync(context, token, "found from a try before");
            return;
        }

        // Shared and kept first: a token that has a PIN which nobody has is lost.
        using var officerPin = new PinnedMemory(PinDigits);
        using var userPin = new PinnedMemory(PinDigits);
        RandomNumberGenerator.GetItems("0123456789"u8, officerPin.GetSpan());
        RandomNumberGenerator.GetItems("0123456789"u8, userPin.GetSpan());
        await SealAsync(context, token, "security officer's PIN", securityOfficer: true, officerPin, cancellationToken);
        if (quorum)
        {
            await SealAsync(context, token, "user PIN", securityOfficer: false, userPin, cancellationToken);
        }
        else
        {
            home.KeepServicePin(token, userPin.Memory);
        }

        home.InitialiseToken(token, officerPin.Memory, userPin.Memory);
        await RecordAsync(context, token, "now");
    }

    private static bool IsInitialised(ICeremonyHome home, string token) => home.DescribeToken(token).Any(f => f is { Name: "initialised", Value: "yes" });

    private static async ValueTask SealAsync(StepContext context, string token, string what, bool securityOfficer, PinnedMemory pin, CancellationToken cancellationToken)
    {
        var secret = await SealedSecret.SealAsync(pin.Memory, $"{what} of token {token} of {context.Home.Name}", context.Plan.Roster, context.Software, cancellationToken);
        context.Home.KeepSealedPin(token, securityOfficer, secret);
        await context.RecordFileAsync(
            RecordKinds.SecretSealed, $"{(securityOfficer ? "so-pin" : "pin")}-{token}.sealed.json", secret.Encode(),
            ("purpose", secret.Purpose), ("sealing", secret.Id), ("threshold", secret.Threshold.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("officers", string.Join(' ', secret.Shares.Select(s => s.Officer))));
        context.Room.Tell($"The {what} of token '{token}' is shared: any {secret.Threshold} of {secret.Shares.Length} officers have it, and nobody has seen it.");
    }

    private static async ValueTask RecordAsync(StepContext context, string token, string made)
    {
        await context.RecordAsync(RecordKinds.TokenInitialised, [("token", token), ("made", made), ("pin", context.Step["pin"]), .. context.Home.DescribeToken(token)]);
        context.Room.Tell($"Token '{token}' is initialised.");
    }
}
