using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Witnessing;

/// <summary>Event ids 2350 to 2369.</summary>
internal static partial class Log
{
    [LoggerMessage(2350, LogLevel.Warning, "The witness {Witness} has not cosigned the ledger's head: {Reason}; it is asked again, and issuance goes on")]
    public static partial void NotCosigned(ILogger logger, string witness, string reason);

    [LoggerMessage(2351, LogLevel.Critical, "The witness {Witness} contradicts this ledger: {Reason}. Run 'agentpki audit verify' and compare with the witness's 'agentpki witness show' before anything else")]
    public static partial void Contradicted(ILogger logger, string witness, string reason);

    [LoggerMessage(2352, LogLevel.Information, "The witness {Witness} cosigns again, at {Size} entries")]
    public static partial void CosignsAgain(ILogger logger, string witness, long size);

    [LoggerMessage(2353, LogLevel.Warning, "The ledger's second signature ({Algorithm}) cannot be made now; checkpoints go out with the first alone")]
    public static partial void SecondSignatureDelayed(ILogger logger, string algorithm, Exception failure);

    [LoggerMessage(2354, LogLevel.Critical, "Asking witnesses failed for a reason that is neither the token's nor the store's being away")]
    public static partial void FeedingFailed(ILogger logger, Exception failure);

    [LoggerMessage(2355, LogLevel.Warning, "Cosignatures cannot be kept now; the witnesses are asked again")]
    public static partial void NotKept(ILogger logger, Exception failure);
}
